import { sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Adds x to a sum that is kept between runs, or starts it anew where `fresh`, one number, is not 0. */
export const accumulate = defineOp({
  name: "accumulate",
  summary: "sum = x if fresh, else sum + x.",
  inputs: ["sum", "x", "fresh"],
  attributes: {},
  shape({ sum, x, fresh }, _, fail) {
    if (!sameShape(sum, x)) fail("sum and x differ in shape");
    if (sizeOf(fresh) !== 1) fail("fresh expects one number");
    return {};
  },
  lower: (emit, { sum, x, fresh }) => emit.call("accumulate_f32", [sum, x, fresh], vectorsOf(x.shape)),
  flops: ({ x }) => sizeOf(x),
  mutates: ["sum"],
});
