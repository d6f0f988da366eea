import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { sizesAround } from "./lowering/axis.js";
import { reducedShape } from "./lowering/reduce.js";

/** Where an extreme lies, as a float32 whole number: the first of equal ones, or the `last`. A NaN counts as the extreme. */
export const argMax = defineOp({
  name: "argMax",
  summary: "y = the place of the largest (`smallest`: smallest) of x along `axis`, which goes or stays as size 1.",
  inputs: ["x"],
  attributes: { axis: 0, keepDims: false as boolean, last: false as boolean, smallest: false as boolean },
  shape({ x }, { axis, keepDims }, fail) {
    const shape = reducedShape(x, [axis], keepDims, fail);
    return x.at(axis) === 0 && sizeOf(shape) > 0 ? fail(`axis ${axis} of x has no elements`) : shape;
  },
  lower(emit, { x, y }, { axis, last, smallest }) {
    const [, length, inner] = sizesAround(x.shape, axis);
    emit.call("arg_max_f32", [y, x, length, inner, Number(smallest), Number(last)], sizeOf(y.shape));
  },
  flops: ({ x }) => sizeOf(x),
});
