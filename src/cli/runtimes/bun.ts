import { homedir } from "node:os";
import { join } from "node:path";
import { findPrograms } from "./find-programs.js";
import type { Runtime } from "./runtime.js";
import { runScript } from "./script.js";

export const bun: Runtime = {
  name: "Bun",
  threads: true,
  find: (projects) => findPrograms({ names: ["bun"], variable: "BUN", places: [join(homedir(), ".bun/bin/bun")], projects }),
  run: ({ path, version }, job, options = {}) => runScript(`Bun ${version}`, path, [...(options.flags ?? []), "run", "-"], job, options),
};
