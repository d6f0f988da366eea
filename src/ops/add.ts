import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { broadcastShape, lowerBroadcast, sumToShape } from "./lowering/broadcast.js";

export const add = defineOp({
  name: "add",
  summary: "y = a + b with NumPy's broadcasting.",
  inputs: ["a", "b"],
  attributes: {},
  shape: (shapes, _, fail) => broadcastShape(shapes, fail),
  lower: (emit, tensors) => lowerBroadcast(emit, "add_f32", tensors),
  gradient: { a: ({ a, dy }) => sumToShape(dy, a.shape), b: ({ b, dy }) => sumToShape(dy, b.shape) },
  flops: ({ y }) => sizeOf(y),
  inPlace: "a",
});
