import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { axisOf, positiveAxis, sizesAround } from "./lowering/axis.js";

/** Rows of x along an axis by position. Indices are whole numbers as float32; one outside takes the nearest element inside, and none fails. */
export const gather = defineOp({
  name: "gather",
  summary: "y = x's elements at `indices` along `axis`, which the axes of indices replace; negative indices count from the end, others outside are clamped.",
  inputs: ["x", "indices"],
  attributes: { axis: 0 },
  shape({ x, indices }, { axis }, fail) {
    const at = axisOf(axis, x, fail);
    if (x[at] === 0 && sizeOf(indices) > 0) fail(`axis ${axis} of x has no elements`);
    return [...x.slice(0, at), ...indices, ...x.slice(at + 1)];
  },
  lower(emit, { x, indices, y }, { axis }) {
    if (sizeOf(y.shape) === 0) return;
    const [outer, size, inner] = sizesAround(x.shape, axis);
    const count = sizeOf(indices.shape);
    emit.call("gather_f32", [y, x, indices, size, count, inner], outer * count);
  },
  gradient: { x: ({ x, indices, dy }, { axis }) => gatherBackward({ dy, indices }, { axis: positiveAxis(axis, x.shape), shape: x.shape }) },
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
    const [outer, size, inner] = sizesAround(shape, axis);
    emit.call("gather_f32_backward_x", [dx, dy, indices, size, sizeOf(indices.shape), inner], outer * Math.ceil(inner / 64));
  },
  flops: ({ dy }) => sizeOf(dy),
});
