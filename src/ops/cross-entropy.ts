import { sameShape, sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/**
 * Targets of classes: int32 labels `[N]` -> `[N, classes]`, smoothed as PyTorch's `label_smoothing`. A label that is no
 * class, such as -100 for "ignore", gives a row of zeros, whose loss and gradient are 0.
 */
export const oneHot = defineOp({
  name: "oneHot",
  summary: "y = (1 - smoothing) * [class is the label] + smoothing / classes.",
  inputs: ["labels"],
  attributes: { classes: 1, smoothing: 0 },
  shape({ labels }, { classes }, fail) {
    if (labels.length !== 1) fail("labels expects one axis [N]");
    if (!(classes >= 1)) fail(`classes expects 1 or more, got ${classes}`);
    return [labels[0], classes];
  },
  lower: (emit, { labels, y }, { classes, smoothing }) => emit.call("one_hot_f32", [y, labels, classes, smoothing], labels.shape[0]),
});

/** Loss of each sample against probabilities; the gradient goes to the logits alone. @see torch.nn.functional.cross_entropy, reduction "none" */
export const softmaxCrossEntropy = defineOp({
  name: "softmaxCrossEntropy",
  summary: "loss = -sum(targets * log(softmax(logits))), one number per sample.",
  inputs: ["logits", "targets"],
  outputs: ["loss"],
  attributes: {},
  shape({ logits, targets }, _, fail) {
    if (logits.length !== 2 || !sameShape(logits, targets)) fail("expected logits and targets of one shape [N,classes]");
    return { loss: [logits[0]] };
  },
  lower: (emit, { loss, logits, targets }) => emit.call("softmax_cross_entropy_f32", [loss, logits, targets, logits.shape[1]], logits.shape[0]),
  gradient: { logits: ({ dy, logits, targets }) => softmaxCrossEntropyBackward({ dloss: dy, logits, targets }) },
  flops: ({ logits }) => 7 * sizeOf(logits),
});

export const softmaxCrossEntropyBackward = defineOp({
  name: "softmaxCrossEntropyBackward",
  summary: "dlogits = (softmax(logits) * sum(targets) - targets) * dloss.",
  inputs: ["dloss", "logits", "targets"],
  outputs: ["dlogits"],
  attributes: {},
  shape: ({ logits }) => ({ dlogits: logits }),
  lower: (emit, { dlogits, dloss, logits, targets }) =>
    emit.call("softmax_cross_entropy_f32_backward_logits", [dlogits, dloss, logits, targets, logits.shape[1]], logits.shape[0]),
  flops: ({ logits }) => 7 * sizeOf(logits),
});
