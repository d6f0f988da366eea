/**
 * What may be computed while a graph is built. Constants are folded on the main thread, by nodes that a stranger wrote: Expand and
 * Tile make gigabytes of a few bytes, and a kernel of a million taps fits in an attribute.
 */
import { LimitError } from "../../core/errors.js";

let left = Number.POSITIVE_INFINITY;
let allowed = left;

/** Runs `compute` with so many steps for all that it evaluates: elements made, products added. @throws {LimitError} beyond */
export function withEffort<T>(steps: number, compute: () => T): T {
  const outer = [left, allowed];
  [left, allowed] = [steps, steps];
  try {
    return compute();
  } finally {
    [left, allowed] = outer;
  }
}

/** Takes steps off what may be computed, before they are done. */
export function spend(steps: number): void {
  if (!(steps <= left)) throw new LimitError(`onnx: the graph's constants take more than ${allowed} steps to fold`);
  left -= steps;
}

/** Zeros to write a result into. */
export function roomFor(length: number): Float64Array<ArrayBuffer> {
  spend(length);
  return new Float64Array(length);
}
