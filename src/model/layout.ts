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

/**
 * Rows and columns of the result that are moved together. Rows are often a power of two apart, and the lines of sixteen of them more than one
 * set of the cache holds; four numbers of a row at a time, from four rows of the source, take 0.7 of the time.
 */
const tileRows = 64;
const tileColumns = 8;
/** Columns that are moved in one go. */
const sliceColumns = 256;

/** Row-major data of `shape` with its axes in another order: axis i of the result is axis `order[i]` of the source. */
function* permute(data: Float32Array, shape: Shape, order: readonly number[], into?: Float32Array): Slices<Float32Array> {
  const axes = joinedAxes(shape, order);
  if (axes.length < 2) return data;
  const [rows, columns] = axes.slice(-2);
  const outer = starts(axes.slice(0, -2));
  const out = into?.subarray(0, data.length) ?? new Float32Array(data.length);
  for (let top = 0; top < rows.size; top += tileRows) {
    const bottom = Math.min(rows.size, top + tileRows);
    for (let left = 0; left < columns.size; left += tileColumns) {
      if (left % sliceColumns === 0) yield;
      const right = Math.min(columns.size, left + tileColumns);
      for (let i = 0; i < outer.length; i++) moveTile(out, i * rows.size * columns.size, data, outer[i], rows, columns, { top, bottom, left, right });
    }
  }
  return out;
}

function moveTile(out: Float32Array, to: number, data: Float32Array, from: number, { step: down }: Axis, { step: along, size: width }: Axis, tile: Tile): void {
  const { top, bottom, left, right } = tile;
  let column = left;
  for (; column + 4 <= right; column += 4) {
    let source = from + top * down + column * along;
    const end = to + bottom * width + column;
    for (let target = to + top * width + column; target < end; target += width, source += down) {
      out[target] = data[source];
      out[target + 1] = data[source + along];
      out[target + 2] = data[source + 2 * along];
      out[target + 3] = data[source + 3 * along];
    }
  }
  for (; column < right; column++) for (let row = top; row < bottom; row++) out[to + row * width + column] = data[from + row * down + column * along];
}

interface Tile {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
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
