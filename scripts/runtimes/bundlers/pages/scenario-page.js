import { run } from "./run.js";

globalThis.outcome = run().then(
  (value) => ({ value }),
  (error) => ({ error: `${error.stack ?? error}` }),
);
