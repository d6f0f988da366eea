import { sameShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Tensors } from "../graph/op.js";

type Focus = { readonly gamma: number; readonly alpha: number; readonly sumClasses: boolean };

/** What both kernels take behind their tensors. */
const numbers = ({ logits, weight }: Tensors, { gamma, alpha, sumClasses }: Focus): (number | Value)[] => {
  const [, classes] = logits.shape;
  return [weight ?? 0, classes, gamma, alpha, sumClasses ? 1 : 1 / classes];
};

/**
 * Binary cross-entropy of every class, or with `gamma` the sigmoid form of the focal loss; the gradient goes to the logits alone. A
 * negative `alpha` weighs both sides alike. @see torch.nn.functional.binary_cross_entropy_with_logits; torchvision.ops.sigmoid_focal_loss
 */
export const sigmoidCrossEntropy = defineOp({
  name: "sigmoidCrossEntropy",
  summary:
    "loss = mean over classes (or with sumClasses the sum) of weight * (alpha * t + (1 - alpha) * (1 - t)) * (1 - pt)^gamma * (-t * log(p) - (1 - t) * log(1 - p)), p = sigmoid(logits), pt = p * t + (1 - p) * (1 - t), one number per sample.",
  inputs: ["logits", "targets", "weight?"],
  outputs: ["loss"],
  attributes: { gamma: 0, alpha: -1, sumClasses: false as boolean },
  shape({ logits, targets, weight }, _, fail) {
    if (logits.length !== 2 || !sameShape(logits, targets)) fail("expected logits and targets of one shape [N,classes]");
    if (weight && !sameShape(weight, [logits[1]])) fail("expected one weight for each class");
    return { loss: [logits[0]] };
  },
  lower: (emit, { loss, logits, targets, weight }, attributes) =>
    emit.call("sigmoid_cross_entropy_f32", [loss, logits, targets, ...numbers({ logits, weight }, attributes)], logits.shape[0]),
  gradient: { logits: ({ dy, logits, targets, weight }, attributes) => sigmoidCrossEntropyBackward({ dloss: dy, logits, targets, weight }, attributes) },
  flops: ({ logits }) => 12 * sizeOf(logits),
});

export const sigmoidCrossEntropyBackward = defineOp({
  name: "sigmoidCrossEntropyBackward",
  summary: "dlogits = dloss times the slope of sigmoidCrossEntropy.",
  inputs: ["dloss", "logits", "targets", "weight?"],
  outputs: ["dlogits"],
  attributes: { gamma: 0, alpha: -1, sumClasses: false as boolean },
  shape: ({ logits }) => ({ dlogits: logits }),
  lower: (emit, { dlogits, dloss, logits, targets, weight }, attributes) =>
    emit.call("sigmoid_cross_entropy_f32_backward_logits", [dlogits, dloss, logits, targets, ...numbers({ logits, weight }, attributes)], logits.shape[0]),
  flops: ({ logits }) => 16 * sizeOf(logits),
});
