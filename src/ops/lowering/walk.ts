/** How kernels pass through tensors, for plans that let calls take turns (see `Walk`). */
import { sizeOf } from "../../core/shape.js";
import type { Value } from "../../graph/graph.js";
import type { Front, Scratch, Walk } from "../../graph/op.js";

interface Walked {
  readonly reads?: readonly Value[];
  readonly writes?: readonly Value[];
  readonly results?: readonly (Value | Scratch)[];
}

/** A walk over the `rows` rows of all tensors in step; `rowsAt(s)` of them lie behind the first s steps. */
export function walkRows(rows: number, steps: number, rowsAt: (steps: number) => number, { reads = [], writes = [], results }: Walked): Walk {
  const front = (tensor: Value): Front => {
    const bytes = (4 * sizeOf(tensor.shape)) / rows;
    return { tensor, bytes: (step) => rowsAt(step) * bytes };
  };
  return { steps, reads: reads.map(front), writes: writes.map(front), results };
}

/** A walk whose units are rows, or as many at a time. */
export const walkEach = (rows: number, walked: Walked, each = 1): Walk => walkRows(rows, Math.ceil(rows / each), (step) => Math.min(rows, step * each), walked);

/** A walk over tensors of one shape whose units are vectors of 4 elements. */
export const walkVectors = (walked: Walked, { shape }: Value): Walk => walkEach(sizeOf(shape), walked, 4);

/**
 * The front of x [N, H, W, C] for a window that slides over it: line j of `outHeight` lines an image reads lines `origin` + j * `stride` up to
 * `reach` further. `lines` are how many of all images' output lines are begun after so many steps.
 */
export function linesRead(
  x: Value,
  { origin, stride, reach, outHeight }: { origin: number; stride: number; reach: number; outHeight: number },
  lines: (steps: number) => number,
): Front {
  const [, height, width, channels] = x.shape;
  const last = (line: number) => Math.max(0, Math.min(height, Math.floor(origin + (line % outHeight) * stride) + reach));
  const read = (count: number) => (count === 0 ? 0 : Math.floor((count - 1) / outHeight) * height + last(count - 1));
  return { tensor: x, bytes: (steps) => 4 * width * channels * read(lines(steps)), ragged: true };
}
