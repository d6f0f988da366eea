import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { lowerSum, lowerSumBackward, reducedShape } from "./lowering/reduce.js";

export const sum = defineOp({
  name: "sum",
  summary: "y = sum of x over `axes`, which go or stay as size 1.",
  inputs: ["x"],
  attributes: { axes: [] as readonly number[], keepDims: false as boolean },
  shape: ({ x }, { axes, keepDims }, fail) => reducedShape(x, axes, keepDims, fail),
  lower: (emit, tensors, { axes }) => lowerSum(emit, tensors, axes, 1),
  gradient: { x: ({ x, dy }, { axes }) => sumBackward({ dy }, { shape: x.shape, axes }) },
  flops: ({ x }) => sizeOf(x),
});

export const sumBackward = defineOp({
  name: "sumBackward",
  summary: "dx = scale * dy, repeated along `axes` up to `shape`.",
  inputs: ["dy"],
  outputs: ["dx"],
  attributes: { shape: [] as readonly number[], axes: [] as readonly number[], scale: 1 },
  shape: (_, { shape }) => shape,
  lower: (emit, tensors, { axes, scale }) => lowerSumBackward(emit, tensors, axes, scale),
  flops: ({ dx }) => sizeOf(dx),
});
