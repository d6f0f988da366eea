import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

export const fill = defineOp({
  name: "fill",
  summary: "y = value, in the shape of x.",
  inputs: ["x"],
  attributes: { value: 0 },
  shape: ({ x }) => x,
  lower: (emit, { y }, { value }) => emit.call("fill_f32", [y, value], Math.ceil(sizeOf(y.shape) / 4)),
});
