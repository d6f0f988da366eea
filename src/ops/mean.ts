import { sizeOf } from "../core/shape.js";
import { defineOp, type Tensors } from "../graph/op.js";
import { lowerSum, reducedShape } from "./lowering/reduce.js";
import { sumBackward } from "./sum.js";

/** 1 / (elements of x that go into one of y). */
const share = ({ x, y }: Tensors) => sizeOf(y.shape) / sizeOf(x.shape);

export const mean = defineOp({
  name: "mean",
  summary: "y = mean of x over `axes`, which go or stay as size 1.",
  inputs: ["x"],
  attributes: { axes: [] as readonly number[], keepDims: false as boolean },
  shape: ({ x }, { axes, keepDims }, fail) => reducedShape(x, axes, keepDims, fail),
  lower: (emit, tensors, { axes }) => lowerSum(emit, tensors, axes, share(tensors)),
  gradient: { x: ({ x, y, dy }, { axes }) => sumBackward({ dy }, { shape: x.shape, axes, scale: share({ x, y }) }) },
  flops: ({ x }) => sizeOf(x),
});
