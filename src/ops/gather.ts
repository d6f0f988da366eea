import { sizeOf, type Shape } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Rows of x along an axis by position. Indices are whole numbers as float32; one outside takes the nearest element inside, and none fails. */
export const gather = defineOp({
  name: "gather",
  summary: "y = x's elements at `indices` along `axis`, which the axes of indices replace; negative indices count from the end, others outside are clamped.",
  inputs: ["x", "indices"],
  attributes: { axis: 0 },
  shape({ x, indices }, { axis }, fail) {
    const at = positive(axis, x);
    if (!(Number.isInteger(at) && at >= 0 && at < x.length)) fail(`expected an axis from ${-x.length} to ${x.length - 1}, got ${axis}`);
    if (x[at] === 0 && sizeOf(indices) > 0) fail(`axis ${axis} of x has no elements`);
    return [...x.slice(0, at), ...indices, ...x.slice(at + 1)];
  },
  lower(emit, { x, indices, y }, { axis }) {
    if (sizeOf(y.shape) === 0) return;
    const [outer, size, inner] = around(x.shape, axis);
    const count = sizeOf(indices.shape);
    emit.call("gather_f32", [y, x, indices, size, count, inner], outer * count);
  },
  gradient: { x: ({ x, indices, dy }, { axis }) => gatherBackward({ dy, indices }, { axis: positive(axis, x.shape), shape: x.shape }) },
});

export const gatherBackward = defineOp({
  name: "gatherBackward",
  summary: "dx = sum of dy's elements at the places that they were taken from; dx has `shape`.",
  inputs: ["dy", "indices"],
  outputs: ["dx"],
  attributes: { axis: 0, shape: [] as readonly number[] },
  shape: (_, { shape }) => shape,
  lower(emit, { dx, dy, indices }, { axis, shape }) {
    if (sizeOf(shape) === 0) return;
    const [outer, size, inner] = around(shape, axis);
    emit.call("gather_f32_backward_x", [dx, dy, indices, size, sizeOf(indices.shape), inner], outer * Math.ceil(inner / 64));
  },
  flops: ({ dy }) => sizeOf(dy),
});

const positive = (axis: number, { length }: Shape) => (axis < 0 ? axis + length : axis);

/** Elements before, along and after an axis. */
function around(shape: Shape, axis: number): [number, number, number] {
  const at = positive(axis, shape);
  return [sizeOf(shape.slice(0, at)), shape[at], sizeOf(shape.slice(at + 1))];
}
