import type { Argument, Emitter } from "../../graph/op.js";

/** Elements of one partial sum (`CHUNK` in assembly/ops/gradient-norm.ts). */
const chunkSize = 4096;

/** y = sum of the squares of `size` floats at x. */
export function lowerSquaredNorm(emit: Emitter, y: Argument, x: Argument, size: number): void {
  const chunks = Math.ceil(size / chunkSize);
  const partial = emit.scratch(4 * chunks);
  emit.call("squared_norm_f32_chunks", [partial, x, size], chunks);
  emit.call("squared_norm_f32", [y, partial, chunks], 1);
}
