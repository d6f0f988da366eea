import { sizeOf, stridesOf, type Shape } from "../../core/shape.js";
import type { Value } from "../../graph/graph.js";
import type { Argument, Emitter } from "../../graph/op.js";
import { stretchedStrides } from "./broadcast.js";

/** Axes that the strided kernels walk. */
const MOST_AXES = 6;
/** A copy's neighbouring axes merge into one row up to this many elements; longer rows would leave threads without work. */
const LONGEST_ROW = 16384;

/** One axis of a copy: its size and the elements between neighbours in source and target. */
export interface CopyAxis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Drops axes of size 1 and merges neighbours that lie in one line in both tensors. */
export function mergeAxes(axes: readonly CopyAxis[], longest = Infinity): CopyAxis[] {
  const merged: CopyAxis[] = [];
  for (const axis of axes.filter(({ size }) => size !== 1)) {
    const last = merged.at(-1);
    const inLine = last?.from === axis.from * axis.size && last.to === axis.to * axis.size;
    if (last && inLine && last.size * axis.size <= longest) merged[merged.length - 1] = { ...axis, size: last.size * axis.size };
    else merged.push(axis);
  }
  return merged;
}

/** Emits the copy of `axes` from x to y, beginning at element offsets; axes beyond those of the kernel, the smallest ones, by a call for each position. */
export function copyStrided(emit: Emitter, y: Argument, x: Argument, axes: readonly CopyAxis[], yOffset = 0, xOffset = 0): void {
  const size = sizeOf(axes.map((axis) => axis.size));
  if (size === 0) return;
  const merged = mergeAxes(axes, LONGEST_ROW);
  if (merged.length > MOST_AXES) {
    const least = merged.reduce((best, axis) => (axis.size < best.size ? axis : best));
    const others = merged.filter((axis) => axis !== least);
    for (let i = 0; i < least.size; i++) copyStrided(emit, y, x, others, yOffset + i * least.to, xOffset + i * least.from);
    return;
  }
  const all = [...new Array<CopyAxis>(MOST_AXES - merged.length).fill({ size: 1, from: 1, to: 1 }), ...merged];
  emit.call(
    "copy_f32_strided",
    [
      { base: y, bytes: 4 * yOffset },
      { base: x, bytes: 4 * xOffset },
      ...all.slice(1).map((axis) => axis.size),
      ...all.map((axis) => axis.to),
      ...all.map((axis) => axis.from),
    ],
    size / all[MOST_AXES - 1].size,
  );
}

/** x [xShape] -> y [yShape], repeated along the axes where its size is 1 or missing. */
export function copyStretched(emit: Emitter, y: Argument, x: Argument, xShape: Shape, yShape: Shape): void {
  const from = stretchedStrides(xShape, yShape.length);
  const to = stridesOf(yShape);
  copyStrided(
    emit,
    y,
    x,
    yShape.map((size, axis) => ({ size, from: from[axis], to: to[axis] })),
  );
}

/** Axes of a copy between the whole of `part` and the elements `starts + i * steps` of `whole`, and where it starts there. */
function windowAxes(part: Shape, whole: Shape, steps: readonly number[], starts: readonly number[]) {
  const strides = stridesOf(whole);
  return {
    sizes: part,
    inPart: stridesOf(part),
    inWhole: strides.map((stride, axis) => stride * (steps[axis] ?? 1)),
    offset: strides.reduce((sum, stride, axis) => sum + stride * starts[axis], 0),
  };
}

/** x (small) -> its window of y (large). */
export function copyInto(emit: Emitter, y: Value, x: Value, starts: readonly number[], steps: readonly number[] = []): void {
  const { sizes, inPart, inWhole, offset } = windowAxes(x.shape, y.shape, steps, starts);
  copyStrided(
    emit,
    y,
    x,
    sizes.map((size, axis) => ({ size, from: inPart[axis], to: inWhole[axis] })),
    offset,
    0,
  );
}

/** The window of x (large) -> y (small). */
export function copyFrom(emit: Emitter, y: Value, x: Value, starts: readonly number[], steps: readonly number[] = []): void {
  const { sizes, inPart, inWhole, offset } = windowAxes(y.shape, x.shape, steps, starts);
  copyStrided(
    emit,
    y,
    x,
    sizes.map((size, axis) => ({ size, from: inWhole[axis], to: inPart[axis] })),
    0,
    offset,
  );
}
