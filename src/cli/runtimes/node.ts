import { findPrograms } from "./find-programs.js";
import type { Runtime } from "./runtime.js";
import { runScript } from "./script.js";

export const node: Runtime = {
  name: "Node",
  threads: true,
  find: (projects) => findPrograms({ names: ["node"], variable: "NODE", places: [process.execPath], projects }),
  run: ({ path, version }, job, options = {}) => runScript(`Node ${version}`, path, [...(options.flags ?? []), "--input-type=module", "-"], job, options),
};
