import { exp } from "../core/math.js";

/** Softmax of one row of logits in double precision. */
export function softmaxRow(logits: Float32Array): Float64Array {
  let top = -Infinity;
  for (const value of logits) top = Math.max(top, value);
  const scores = Float64Array.from(logits, (value) => exp(value - top));
  const sum = scores.reduce((total, score) => total + score, 0);
  return scores.map((score) => score / sum);
}

/** Position of the largest value, the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Classes with their scores, best first, equal ones in their order. */
export function rankScores(labels: readonly string[], scores: ArrayLike<number>): { label: string; score: number }[] {
  return labels.map((label, index) => ({ label, score: scores[index] })).sort((a, b) => b.score - a.score);
}
