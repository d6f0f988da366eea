import { readFileSync } from "node:fs";
import { type Cell, expectEqual, type Setting } from "../cell.js";

/** Node 24 takes `turbo` where the CPU has 256-bit vectors, with the bits of `relaxed`. */
export function* turbo({ programs }: Setting): Iterable<Cell> {
  const installed = programs.find(({ runtime, program }) => runtime.name === "Node" && Number.parseInt(program.version, 10) >= 24);
  if (!installed || process.platform !== "linux" || !/\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"))) {
    console.log("left out: turbo (it needs Node 24 and a CPU with AVX2)");
    return;
  }
  yield {
    name: `${installed.name}, turbo`,
    async run() {
      const [relaxed, turbo] = (await installed.run("jobs/turbo.js")) as unknown[];
      expectEqual(turbo, relaxed, "scores");
      return "the scores of relaxed";
    },
  };
}
