import { sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/**
 * Label smoothing of probabilities `[N, classes]`, as PyTorch's `cross_entropy` does it, which on one-hot rows is what
 * `oneHot` gives; then, unless `threshold` is negative, each target as 0 or 1. @see timm `BinaryCrossEntropy`: `target_threshold`
 */
export const smoothTargets = defineOp({
  name: "smoothTargets",
  summary: "y = (1 - smoothing) * targets + smoothing / classes; with a threshold of 0 or more 1 where that is above it, else 0.",
  inputs: ["targets"],
  attributes: { smoothing: 0, threshold: -1 },
  shape: ({ targets }, _, fail) => (targets.length === 2 ? targets : fail("expected targets [N,classes]")),
  lower: (emit, { targets, y }, { smoothing, threshold }) =>
    emit.call("smooth_targets_f32", [y, targets, 1 - smoothing, smoothing / y.shape[1], Number(threshold >= 0), threshold], vectorsOf(y.shape)),
  flops: ({ y }) => 2 * sizeOf(y),
});
