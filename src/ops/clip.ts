import { sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

export const clip = defineOp({
  name: "clip",
  summary: "y = min(max(x, low), high)",
  inputs: ["x"],
  attributes: { low: -Infinity, high: Infinity },
  shape: ({ x }) => x,
  lower: (emit, { x, y }, { low, high }) => emit.call("clip_f32", [y, x, low, high], vectorsOf(y.shape)),
  gradient: { x: ({ y, dy }, attributes) => clipBackward({ dy, y }, attributes) },
  flops: ({ y }) => 2 * sizeOf(y),
  inPlace: "x",
});

export const clipBackward = defineOp({
  name: "clipBackward",
  summary: "dx = dy where low < y < high, else 0",
  inputs: ["dy", "y"],
  outputs: ["dx"],
  attributes: { low: -Infinity, high: Infinity },
  shape: ({ dy }) => dy,
  lower: (emit, { dx, dy, y }, { low, high }) => emit.call("clip_f32_backward_x", [dx, dy, y, low, high], vectorsOf(y.shape)),
  flops: ({ dx }) => 2 * sizeOf(dx),
  inPlace: "dy",
});
