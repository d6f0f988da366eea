import { sameShape, sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Batch norm with fixed statistics is x * scale + shift; these two ops give both, so that a pass can fold them into a convolution. */
export const normScale = defineOp({
  name: "norm_scale",
  summary: "y = weight / sqrt(variance + epsilon), per channel.",
  inputs: ["weight", "variance"],
  attributes: { epsilon: 1e-5 },
  shape: ({ weight, variance }, _, fail) => (sameShape(weight, variance) ? weight : fail("weight and variance differ in shape")),
  lower: (emit, { y, weight, variance }, { epsilon }) => emit.call("norm_scale_f32", [y, weight, variance, epsilon], Math.ceil(sizeOf(y.shape) / 4)),
});

export const normShift = defineOp({
  name: "norm_shift",
  summary: "y = normBias + (bias - mean) * scale, per channel; bias defaults to 0.",
  inputs: ["scale", "normBias", "mean", "bias?"],
  attributes: {},
  shape: ({ scale, normBias, mean }, _, fail) =>
    sameShape(scale, normBias) && sameShape(scale, mean) ? scale : fail("scale, normBias and mean differ in shape"),
  lower: (emit, { y, scale, normBias, mean, bias }) => emit.call("norm_shift_f32", [y, scale, normBias, mean, bias ?? 0], Math.ceil(sizeOf(y.shape) / 4)),
});
