import { sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { lowerSquaredNorm } from "./lowering/squared-norm.js";

/**
 * One step of LAMB, timm's rule: AdamW's direction with the decay in it, as long as the parameter is; `mean` and `square` start at zero.
 * `hyper` is that of `adamw`; `scale`, one number such as `clipFactor`, multiplies the gradient too. Parameters without weight decay
 * take the direction as it is, unless `alwaysAdapt`. @see You et al. 2020, "Large batch optimization for deep learning"; timm `Lamb`
 */
export const lamb = defineOp({
  name: "lamb",
  summary:
    "update = mean / biasCorrection1 / (sqrt(square) / sqrt(biasCorrection2) + epsilon) + weightDecay * parameter, mean and square as adamw's; parameter -= lr * |parameter| / |update| * update, with trustClip at most lr * update.",
  inputs: ["parameter", "gradient", "mean", "square", "hyper", "scale?"],
  attributes: { trustClip: false as boolean, alwaysAdapt: false as boolean },
  shape({ parameter, gradient, mean, square, hyper, scale = [1] }, _, fail) {
    if (![gradient, mean, square].every((shape) => sameShape(shape, parameter))) fail("parameter, gradient, mean and square differ in shape");
    if (sizeOf(hyper) !== 8 || sizeOf(scale) !== 1) fail("hyper expects 8 numbers, scale one");
    return {};
  },
  lower(emit, { parameter, gradient, mean, square, hyper, scale }, { trustClip, alwaysAdapt }) {
    const vectors = vectorsOf(parameter.shape);
    const [update, parameterSquares, updateSquares, ratio] = [16 * vectors, 4, 4, 4].map((bytes) => emit.scratch(bytes));
    emit.call("lamb_f32_update", [update, mean, square, parameter, gradient, hyper, scale ?? 0], vectors);
    lowerSquaredNorm(emit, parameterSquares, parameter, sizeOf(parameter.shape));
    lowerSquaredNorm(emit, updateSquares, update, sizeOf(parameter.shape));
    emit.call("lamb_f32_ratio", [ratio, parameterSquares, updateSquares, hyper, Number(trustClip), Number(alwaysAdapt)], 1);
    emit.call("lamb_f32", [parameter, update, ratio, hyper], vectors);
  },
  flops: ({ parameter }) => 20 * sizeOf(parameter),
  mutates: ["parameter", "mean", "square"],
});
