import { sizeOf, type Shape } from "../../core/shape.js";

/** An axis counted from the front. */
export const positiveAxis = (axis: number, { length }: Shape) => (axis < 0 ? axis + length : axis);

/** Reports an axis that a shape does not have, else counts it from the front. */
export function axisOf(axis: number, shape: Shape, fail: (message: string) => never): number {
  const at = positiveAxis(axis, shape);
  return Number.isInteger(at) && at >= 0 && at < shape.length ? at : fail(`expected an axis from ${-shape.length} to ${shape.length - 1}, got ${axis}`);
}

/** Elements before, along and after an axis. */
export function sizesAround(shape: Shape, axis: number): readonly [number, number, number] {
  const at = positiveAxis(axis, shape);
  return [sizeOf(shape.slice(0, at)), shape[at], sizeOf(shape.slice(at + 1))];
}
