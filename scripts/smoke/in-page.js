import * as ocelli from "ocelli";
import { scenario } from "./scenario.js";

globalThis.outcome = scenario(ocelli).then(
  (value) => ({ value }),
  (error) => ({ error: `${error.stack ?? error}` }),
);
