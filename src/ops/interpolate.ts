import { ShapeError } from "../core/errors.js";
import { formatShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { axisOf, sizesAround } from "./lowering/axis.js";

/** One term: row `to` of y has `weight` times row `from` of x. */
interface Tap {
  readonly to: number;
  readonly from: number;
  readonly weight: number;
}

/** Taps in the kernel's order: for each of y's rows where its taps begin, the number of all, and then each tap's row of x and weight. */
export function tableOf(taps: readonly Tap[], rows: number): Float32Array {
  const grouped = Array.from({ length: rows }, (): Tap[] => []);
  for (const tap of taps) grouped[tap.to].push(tap);
  let begun = 0;
  return Float32Array.from([0, ...grouped.map((row) => (begun += row.length)), ...grouped.flat().flatMap(({ from, weight }) => [from, weight])]);
}

/** What `interpolate` makes, with its table and that of the gradient. */
export const weightedSum = defineOp({
  name: "weightedSum",
  summary: "Each of `size` elements of y along `axis` = a sum of x's there by `table`; `turned` is the table of the gradient. Made by interpolate().",
  inputs: ["x", "table", "turned"],
  attributes: { axis: 0, size: 0 },
  shape: ({ x }, { axis, size }) => x.map((length, i) => (i === axis ? size : length)),
  lower(emit, { x, table, y }, { axis, size }) {
    if (sizeOf(y.shape) === 0) return;
    const [outer, length, inner] = sizesAround(x.shape, axis);
    emit.call("interpolate_f32", [y, x, table, length, size, inner], outer * size);
  },
  gradient: { x: ({ x, table, turned, dy }, { axis }): Value => weightedSum({ x: dy, table: turned, turned: table }, { axis, size: x.shape[axis] }) },
  flops: ({ y, table }, { size }) => (sizeOf(y) * (table[0] - size - 1)) / Math.max(1, size),
});

/**
 * Weighted sums along one axis, each of as many elements: by tables of indices and weights any resize is two of them, and any padding that repeats one.
 * y[.., i, ..] = sum over k of weights[i, k] x[.., indices[i, k], ..]; the tables come row by row. An element whose weight is 0 is not read.
 *
 * @param options.size of y along the axis
 * @param options.weights default 1
 */
export function interpolate(
  { x }: { x: Value },
  options: { readonly axis: number; readonly size: number; readonly indices: readonly number[]; readonly weights?: readonly number[] },
): Value {
  const { size, indices, weights = [] } = options;
  const fail = (message: string): never => {
    throw new ShapeError(`interpolate: ${message} (x ${formatShape(x.shape)})`);
  };
  const axis = axisOf(options.axis, x.shape, fail);
  if (!Number.isInteger(size) || size < 0 || (size === 0 ? indices.length > 0 : indices.length % size !== 0))
    fail(`expected a whole size and a multiple of it in indices, got ${size} and ${indices.length}`);
  if (weights.length !== 0 && weights.length !== indices.length) fail(`expected ${indices.length} weights, got ${weights.length}`);
  const outside = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= x.shape[axis]);
  if (outside !== undefined) fail(`expected indices from 0 to ${x.shape[axis] - 1}, got ${outside}`);
  const each = indices.length / size;
  const taps = indices.map((from, i) => ({ to: Math.floor(i / each), from, weight: weights[i] ?? 1 })).filter(({ weight }) => weight !== 0);
  const constant = (numbers: Float32Array) => x.graph.constant(numbers, [numbers.length]);
  const turned = taps.map(({ to, from, weight }) => ({ to: from, from: to, weight }));
  return weightedSum({ x, table: constant(tableOf(taps, size)), turned: constant(tableOf(turned, x.shape[axis])) }, { axis, size });
}
