import { formatShape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { ShapeError } from "../core/errors.js";
import { interpolate } from "./interpolate.js";

/**
 * What an axis has beyond its ends: its last element again and again (`edge`), its elements backwards without (`reflect`) or with (`symmetric`)
 * the last one, or from its other end (`wrap`). @see numpy.pad
 */
export type PadMode = "edge" | "reflect" | "symmetric" | "wrap";

/** Where each of before + size + after elements of a padded axis comes from. */
export function padIndices(size: number, before: number, after: number, mode: PadMode): number[] {
  const last = size - 1;
  const period = mode === "reflect" ? Math.max(1, 2 * last) : 2 * size;
  return Array.from({ length: before + size + after }, (_, i) => {
    const place = i - before;
    if (mode === "edge") return Math.max(0, Math.min(last, place));
    if (mode === "wrap") return ((place % size) + size) % size;
    const turned = ((place % period) + period) % period;
    return turned < size ? turned : period - turned - (mode === "symmetric" ? 1 : 0);
  });
}

/** x with `before` and `after` elements of its own around it, one entry per axis: `pad` has those of one value. */
export function padMode({ x }: { x: Value }, { before, after, mode }: { before: readonly number[]; after: readonly number[]; mode: PadMode }): Value {
  const { length } = x.shape;
  if (before.length !== length || after.length !== length || [...before, ...after].some((size) => !Number.isInteger(size) || size < 0))
    throw new ShapeError(`padMode: expected ${length} sizes of 0 or more before and after, got ${formatShape(before)} and ${formatShape(after)}`);
  return x.shape.reduce((y, size, axis) => {
    if (before[axis] + after[axis] === 0) return y;
    if (size === 0) throw new ShapeError(`padMode: axis ${axis} of x ${formatShape(x.shape)} has no elements to repeat`);
    const indices = padIndices(size, before[axis], after[axis], mode);
    return interpolate({ x: y }, { axis, size: indices.length, indices });
  }, x);
}
