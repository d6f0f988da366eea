import { sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/**
 * One step of Adam with decoupled weight decay, PyTorch's rule; `mean` and `square` start at zero. `hyper` is the
 * float32 input [lr, beta1, beta2, epsilon, weightDecay, biasCorrection1, biasCorrection2, gradientScale] that
 * `adamwHyper` writes; `scale`, one number such as `clipFactor`, multiplies the gradient too. @see torch.optim.AdamW
 */
export const adamw = defineOp({
  name: "adamw",
  summary:
    "parameter *= 1 - lr * weightDecay; mean = beta1 * mean + (1 - beta1) * gradient; square = beta2 * square + (1 - beta2) * gradient^2; parameter -= lr / biasCorrection1 * mean / (sqrt(square) / sqrt(biasCorrection2) + epsilon).",
  inputs: ["parameter", "gradient", "mean", "square", "hyper", "scale?"],
  attributes: {},
  shape({ parameter, gradient, mean, square, hyper, scale = [1] }, _, fail) {
    if (![gradient, mean, square].every((shape) => sameShape(shape, parameter))) fail("parameter, gradient, mean and square differ in shape");
    if (sizeOf(hyper) !== 8 || sizeOf(scale) !== 1) fail("hyper expects 8 numbers, scale one");
    return {};
  },
  lower: (emit, { parameter, gradient, mean, square, hyper, scale }) =>
    emit.call("adamw_f32", [parameter, mean, square, gradient, hyper, scale ?? 0], vectorsOf(parameter.shape)),
  flops: ({ parameter }) => 14 * sizeOf(parameter),
  mutates: ["parameter", "mean", "square"],
});
