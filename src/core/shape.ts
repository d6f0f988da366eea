import { LimitError, ShapeError } from "./errors.js";
import { limits } from "./limits.js";

/** Sizes of a tensor's axes, outermost first. Images are `[N, H, W, C]`; `[]` is one scalar. */
export type Shape = readonly number[];

/** `[1,56,56,32]`: how every message writes a shape. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/** Number of elements. @throws {ShapeError} for an axis that is no size, {LimitError} above `limits.elements`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const axis of shape) {
    if (!Number.isInteger(axis) || axis < 0) throw new ShapeError(`shape ${formatShape(shape)}: expected whole sizes of 0 or more, got ${axis}`);
    size *= axis;
    if (size > limits.elements) throw new LimitError(`shape ${formatShape(shape)} has more than ${limits.elements} elements`);
  }
  return size;
}

/** Elements between neighbours along each axis, row-major. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** NumPy's broadcasting: axes align from the right, a size of 1 stretches. `undefined` where the shapes do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** Vectors of 4 floats that cover a tensor; storage is padded, so a flat kernel needs no tail. */
export function vectorsOf(shape: Shape): number {
  return Math.ceil(sizeOf(shape) / 4);
}
