import { sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { clipBackward } from "./clip.js";

export const relu = defineOp({
  name: "relu",
  summary: "y = max(x, 0)",
  inputs: ["x"],
  attributes: {},
  shape: ({ x }) => x,
  lower: (emit, { x, y }) => emit.call("clip_f32", [y, x, 0, Infinity], vectorsOf(y.shape)),
  gradient: { x: ({ y, dy }) => clipBackward({ dy, y }, { low: 0 }) },
  flops: ({ y }) => sizeOf(y),
  inPlace: "x",
  recompute: true,
});
