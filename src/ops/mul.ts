import { sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { broadcastShape, lowerBroadcast, sumToShape } from "./lowering/broadcast.js";

export const mul = defineOp({
  name: "mul",
  summary: "y = a * b with NumPy's broadcasting.",
  inputs: ["a", "b"],
  attributes: {},
  shape: (shapes, _, fail) => broadcastShape(shapes, fail),
  lower: (emit, tensors) => lowerBroadcast(emit, "mul_f32", tensors),
  gradient: {
    a: ({ a, b, dy }): Value => sumToShape(mul({ a: dy, b }), a.shape),
    b: ({ a, b, dy }): Value => sumToShape(mul({ a: dy, b: a }), b.shape),
  },
  flops: ({ y }) => sizeOf(y),
  inPlace: "a",
  recompute: true,
});
