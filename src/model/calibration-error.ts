/** Ranges of scores, as many as in the paper. */
const ranges = 15;

/** Predictions whose score lies in one of equal ranges: how sure the model was of them, and how often it was right. */
export interface CalibrationBin {
  readonly images: number;
  /** Mean score, and share of right predictions; 0 without images. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** Predictions by score, in 15 equal ranges that each have their upper end: the bars of a reliability diagram. @see Guo et al. 2017, section 2 */
export function calibrationBins(predictions: readonly { readonly score: number; readonly isRight: boolean }[]): CalibrationBin[] {
  const sums = Array.from({ length: ranges }, () => ({ images: 0, score: 0, right: 0 }));
  for (const { score, isRight } of predictions) {
    const sum = sums[Math.min(Math.max(Math.ceil(score * ranges) - 1, 0), ranges - 1) || 0]; // a score that is no number counts as the lowest
    sum.images++;
    sum.score += score;
    sum.right += Number(isRight);
  }
  return sums.map(({ images, score, right }) => ({ images, confidence: score / Math.max(1, images), accuracy: right / Math.max(1, images) }));
}

/** Mean distance between confidence and accuracy, each image counting alike. */
export function calibrationError(bins: readonly CalibrationBin[]): number {
  const images = bins.reduce((sum, bin) => sum + bin.images, 0);
  return bins.reduce((sum, bin) => sum + bin.images * Math.abs(bin.accuracy - bin.confidence), 0) / Math.max(1, images);
}
