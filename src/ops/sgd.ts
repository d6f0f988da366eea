import { sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/**
 * One step of stochastic gradient descent with PyTorch's rule; a momentum buffer starts at zero. `hyper` is the float32
 * input [lr, momentum, weightDecay, dampening, gradientScale, 0, 0, 0] that `sgdHyper` writes; `scale`, one number such
 * as `clipFactor`, multiplies the gradient too. @see torch.optim.SGD
 */
export const sgd = defineOp({
  name: "sgd",
  summary:
    "d = gradient + weightDecay * parameter; momentum = momentum * m + (1 - dampening) * d; parameter -= lr * momentum, or lr * (d + m * momentum) with nesterov.",
  inputs: ["parameter", "gradient", "momentum?", "hyper", "scale?"],
  attributes: { nesterov: false as boolean },
  shape({ parameter, gradient, momentum, hyper, scale = [1] }, { nesterov }, fail) {
    if (!sameShape(parameter, gradient) || !sameShape(parameter, momentum ?? parameter)) fail("parameter, gradient and momentum differ in shape");
    if (sizeOf(hyper) !== 8 || sizeOf(scale) !== 1) fail("hyper expects 8 numbers, scale one");
    if (nesterov && !momentum) fail("nesterov needs momentum");
    return {};
  },
  lower(emit, { parameter, gradient, momentum, hyper, scale }, { nesterov }) {
    const vectors = vectorsOf(parameter.shape);
    if (momentum) emit.call("sgd_momentum_f32", [parameter, momentum, gradient, hyper, scale ?? 0, Number(nesterov)], vectors);
    else emit.call("sgd_f32", [parameter, gradient, hyper, scale ?? 0], vectors);
  },
  flops: ({ parameter }) => 7 * sizeOf(parameter),
  mutates: ["parameter", "momentum"],
});
