import type { Model } from "../model/model.js";

/** Below so many training images the checkpoint's batch-norm statistics are better than those of small batches. */
const imagesForBatchStatistics = 10_000;

/**
 * How batch norm behaves in training. Norms that are the identity (folded into the convolutions before the file was
 * written) must stay frozen: batch statistics would rescale every layer.
 */
export function chooseBatchNorm(
  { facts, batchesTracked }: Model,
  images: number,
  asked?: "frozen" | "train",
): { batchNorm: "frozen" | "train"; notice?: string } {
  if (facts.identityNorms) {
    return {
      batchNorm: "frozen",
      notice: `batch norm stays frozen: this checkpoint's norms are the identity, folded into its convolutions${asked === "train" ? '; batchNorm: "train" is not possible with it' : ""}`,
    };
  }
  if (asked) return { batchNorm: asked };
  if (facts.trained || batchesTracked > 0) {
    return images < imagesForBatchStatistics
      ? {
          batchNorm: "frozen",
          notice: `batch norm keeps the checkpoint's statistics, because ${images} training images are fewer than ${imagesForBatchStatistics}`,
        }
      : { batchNorm: "train" };
  }
  return { batchNorm: "train" };
}
