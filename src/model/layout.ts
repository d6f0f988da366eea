import { type Shape, stridesOf } from "../core/shape.js";
import type { Slices } from "../core/slices.js";
import type { FileLayout } from "../graph/graph.js";

/**
 * A tensor from its layout in a checkpoint to its layout in memory: OIHW to HWIO, [out, in] to [in, out].
 *
 * @param into where to put it if it has to be moved, for a caller who copies it from there and moves many, so that
 * they do not each leave an array behind
 */
export function* toMemory(data: Float32Array, layout: FileLayout | undefined, into?: Float32Array): Slices<Float32Array> {
  return layout ? yield* permute(data, layout.view, layout.order, into) : data;
}

/** The way back: a tensor as a checkpoint has it. */
export function* toFile(data: Float32Array, layout: FileLayout | undefined): Slices<Float32Array> {
  if (!layout) return data;
  const inverse = layout.order.map((_, axis) => layout.order.indexOf(axis));
  return yield* permute(
    data,
    layout.order.map((axis) => layout.view[axis]),
    inverse,
  );
}

/** Source rows and columns that are moved together, so that both sides stay in the first-level cache. */
const tile = 16;

/** Row-major data of `shape` with its axes in another order: axis i of the result is axis `order[i]` of the source. */
function* permute(data: Float32Array, shape: Shape, order: readonly number[], into?: Float32Array): Slices<Float32Array> {
  const axes = joinedAxes(shape, order);
  if (axes.length < 2) return data;
  const [rows, columns] = axes.slice(-2);
  const outer = starts(axes.slice(0, -2));
  const plane = rows.size * columns.size;
  const out = into?.subarray(0, data.length) ?? new Float32Array(data.length);
  for (let top = 0; top < rows.size; top += tile) {
    yield;
    const bottom = Math.min(rows.size, top + tile);
    for (let left = 0; left < columns.size; left += tile) {
      const right = Math.min(columns.size, left + tile);
      for (let i = 0; i < outer.length; i++) {
        for (let row = top; row < bottom; row++) {
          let from = outer[i] + row * rows.step + left * columns.step;
          const end = i * plane + row * columns.size + right;
          for (let to = end - right + left; to < end; to++, from += columns.step) out[to] = data[from];
        }
      }
    }
  }
  return out;
}

interface Axis {
  size: number;
  /** Elements of the source from one index to the next. */
  step: number;
}

/** The result's axes without those of size 1; neighbours that are neighbours in the source too are one. */
function joinedAxes(shape: Shape, order: readonly number[]): Axis[] {
  const steps = stridesOf(shape);
  const axes: Axis[] = [];
  for (const axis of order) {
    const [size, step] = [shape[axis], steps[axis]];
    const last = axes.at(-1);
    if (size === 1) continue;
    if (last && last.step === size * step) Object.assign(last, { size: last.size * size, step });
    else axes.push({ size, step });
  }
  return axes;
}

/** Where in the source each index of some axes begins, the last axis running fastest. */
function starts(axes: readonly Axis[]): number[] {
  return axes.reduce((found, { size, step }) => found.flatMap((start) => Array.from({ length: size }, (_, i) => start + i * step)), [0]);
}
