import type { Evaluation } from "./metrics.js";

/** Share of the images whose right class is among the k best. @see sklearn.metrics.top_k_accuracy_score, which gives ties to the class that comes later */
export function topKAccuracy({ predictions }: Pick<Evaluation, "predictions">, k: number): number {
  return predictions.filter(({ rank }) => rank <= k).length / Math.max(1, predictions.length);
}
