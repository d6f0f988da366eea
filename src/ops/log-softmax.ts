import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** The logarithm of `softmax`, without the loss where that is 0. */
export const logSoftmax = defineOp({
  name: "logSoftmax",
  summary: "y = x - log(sum(exp(x))) over the last axis.",
  inputs: ["x"],
  attributes: {},
  shape: ({ x }, _, fail) => (x.length ? x : fail("x is a scalar, expected at least one axis")),
  lower: (emit, { x, y }) => emit.call("log_softmax_f32", [y, x, x.shape.at(-1) as number], sizeOf(x.shape.slice(0, -1))),
  gradient: { x: ({ dy, y }) => logSoftmaxBackward({ dy, y }) },
  flops: ({ x }) => 5 * sizeOf(x),
  inPlace: "x",
});

export const logSoftmaxBackward = defineOp({
  name: "logSoftmaxBackward",
  summary: "dx = dy - exp(y) * sum(dy) over the last axis.",
  inputs: ["dy", "y"],
  outputs: ["dx"],
  attributes: {},
  shape: ({ y }) => y,
  lower: (emit, { dx, dy, y }) => emit.call("log_softmax_f32_backward_x", [dx, dy, y, y.shape.at(-1) as number], sizeOf(y.shape.slice(0, -1))),
  flops: ({ y }) => 4 * sizeOf(y),
  inPlace: "dy",
});
