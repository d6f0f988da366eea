import { sameShape, sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Cross-entropy of softmax in which what is classified well already counts less; the gradient goes to the logits alone. @see Lin et al. 2017, "Focal loss for dense object detection" */
export const focalLoss = defineOp({
  name: "focalLoss",
  summary: "loss = -sum(targets * (1 - p)^gamma * log(p)), p = softmax(logits), one number per sample.",
  inputs: ["logits", "targets"],
  outputs: ["loss"],
  attributes: { gamma: 2 },
  shape({ logits, targets }, { gamma }, fail) {
    if (logits.length !== 2 || !sameShape(logits, targets)) fail("expected logits and targets of one shape [N,classes]");
    if (!(gamma >= 0)) fail(`expected gamma of 0 or more, got ${gamma}`);
    return { loss: [logits[0]] };
  },
  lower: (emit, { loss, logits, targets }, { gamma }) => emit.call("focal_loss_f32", [loss, logits, targets, logits.shape[1], gamma], logits.shape[0]),
  gradient: { logits: ({ dy, logits, targets }, attributes) => focalLossBackward({ dloss: dy, logits, targets }, attributes) },
  flops: ({ logits }) => 12 * sizeOf(logits),
});

export const focalLossBackward = defineOp({
  name: "focalLossBackward",
  summary: "dlogits = (g - p * sum(g)) * dloss, g = targets * (1 - p)^gamma * (gamma * p * log(p) / (1 - p) - 1).",
  inputs: ["dloss", "logits", "targets"],
  outputs: ["dlogits"],
  attributes: { gamma: 2 },
  shape: ({ logits }) => ({ dlogits: logits }),
  lower: (emit, { dlogits, dloss, logits, targets }, { gamma }) =>
    emit.call("focal_loss_f32_backward_logits", [dlogits, dloss, logits, targets, logits.shape[1], gamma], logits.shape[0]),
  flops: ({ logits }) => 16 * sizeOf(logits),
});
