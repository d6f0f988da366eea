import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Softmax over the last axis; the row's maximum is subtracted first, so no logit is too large. */
export const softmax = defineOp({
  name: "softmax",
  summary: "y = exp(x) / sum(exp(x)) over the last axis.",
  inputs: ["x"],
  attributes: {},
  shape: ({ x }, _, fail) => (x.length ? x : fail("x is a scalar, expected at least one axis")),
  lower: (emit, { x, y }) => emit.call("softmax_f32", [y, x, x.shape.at(-1) as number], sizeOf(x.shape.slice(0, -1))),
  gradient: { x: ({ dy, y }) => softmaxBackward({ dy, y }) },
  flops: ({ x }) => 5 * sizeOf(x),
  inPlace: "x",
});

export const softmaxBackward = defineOp({
  name: "softmaxBackward",
  summary: "dx = y * (dy - sum(dy * y)) over the last axis.",
  inputs: ["dy", "y"],
  outputs: ["dx"],
  attributes: {},
  shape: ({ y }) => y,
  lower: (emit, { dx, dy, y }) => emit.call("softmax_f32_backward_x", [dx, dy, y, y.shape.at(-1) as number], sizeOf(y.shape.slice(0, -1))),
  flops: ({ y }) => 4 * sizeOf(y),
  inPlace: "dy",
});
