import type { Build } from "../src/core/build.js";

/** Independent sums: enough to hide the latency of a multiply-add, few enough for 16 registers. `turbo` has pairs of them. */
export const sumsOf = (build: Build): number => (build === "turbo" ? 24 : 12);

/** A function that takes about 20 ms and gives GFLOP/s of one thread, from the binary that register-peak.ts compiles. */
export async function peakLoop(binary: BufferSource, build: Build): Promise<() => number> {
  const { instance } = await WebAssembly.instantiate(binary);
  const peak = instance.exports.peak as (turns: number, x: number) => number;
  const turns = 1_000_000;
  for (let i = 0; i < 3; i++) peak(turns, 1e-3);
  return () => {
    const start = performance.now();
    peak(turns, 1e-3);
    return (turns * sumsOf(build) * 4 * 2) / (performance.now() - start) / 1e6;
  };
}
