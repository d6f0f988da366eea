import { homedir } from "node:os";
import { join } from "node:path";
import { findPrograms } from "./find-programs.js";
import type { Runtime } from "./runtime.js";
import { runScript } from "./script.js";

export const deno: Runtime = {
  name: "Deno",
  threads: true,
  find: (projects) => findPrograms({ names: ["deno"], variable: "DENO", places: [join(homedir(), ".deno/bin/deno")], projects }),
  // Reading the project's files is all that it is allowed unless `flags` say otherwise.
  run: ({ path, version }, job, options = {}) =>
    runScript(`Deno ${version}`, path, ["run", "--quiet", "--no-prompt", ...(options.flags ?? [`--allow-read=${job.project}`]), "-"], job, options),
};
