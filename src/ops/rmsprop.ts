import { sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/**
 * One step of RMSprop, PyTorch's rule or with `tensorflow` timm's `RMSpropTF`; the state starts at zero: `square`, and in the centred
 * form `mean`. `hyper` is the float32 input [lr, alpha, epsilon, weightDecay, momentum, initial, gradientScale, 0] that `rmspropHyper`
 * writes; `scale`, one number such as `clipFactor`, multiplies the gradient too. @see torch.optim.RMSprop; timm `RMSpropTF`
 */
export const rmsprop = defineOp({
  name: "rmsprop",
  summary:
    "d = gradient + weightDecay * parameter; square = alpha * square + (1 - alpha) * d^2; m = momentum * m + d / (sqrt(square) + epsilon); parameter -= lr * m; with tensorflow m = momentum * m + lr * d / sqrt(square + initial + epsilon) and parameter -= m; with mean, alpha * mean + (1 - alpha) * d, its square is taken from square.",
  inputs: ["parameter", "gradient", "square", "mean?", "momentum?", "hyper", "scale?"],
  attributes: { tensorflow: false as boolean },
  shape({ parameter, gradient, square, mean = parameter, momentum = parameter, hyper, scale = [1] }, _, fail) {
    if (![gradient, square, mean, momentum].every((shape) => sameShape(shape, parameter)))
      fail("parameter, gradient, square, mean and momentum differ in shape");
    if (sizeOf(hyper) !== 8 || sizeOf(scale) !== 1) fail("hyper expects 8 numbers, scale one");
    return {};
  },
  lower: (emit, { parameter, gradient, square, mean, momentum, hyper, scale }, { tensorflow }) =>
    emit.call("rmsprop_f32", [parameter, square, mean ?? 0, momentum ?? 0, gradient, hyper, scale ?? 0, Number(tensorflow)], vectorsOf(parameter.shape)),
  flops: ({ parameter }) => 13 * sizeOf(parameter),
  mutates: ["parameter", "square", "mean", "momentum"],
});
