/**
 * Area under the ROC curve: the probability that an image of the class scores above one of another, equal scores counting half.
 * By ranks (Mann and Whitney), with the mean rank for equal scores, which is the area under the curve's straight lines.
 *
 * @returns absent where there are no two kinds of images
 * @see sklearn.metrics.roc_auc_score
 */
export function areaUnderRoc(scores: Float64Array, positive: readonly boolean[]): number | undefined {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  const positives = positive.filter(Boolean).length;
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  let rankSum = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    let among = 0;
    for (; end < order.length && scores[order[end]] === scores[order[start]]; end++) if (positive[order[end]]) among++;
    rankSum += (among * (start + 1 + end)) / 2;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
