import { exp } from "../../core/math.js";
import { giveWay } from "../../core/slices.js";

/** An image's logits and the index of its class. */
export interface Labelled {
  readonly logits: Float32Array;
  readonly label: number;
}

/** Where temperatures are looked for: beyond, scores say nothing, or all is certain. */
const [coldest, hottest] = [0.05, 20];
const tolerance = 1e-6;

/**
 * The temperature T that makes the scores softmax(logits / T) most likely (Guo et al. 2017, section 4.2), as if each class had been seen once
 * more beside every other (Platt 1999, section 2.2): else a model that is right on all of a few images would be told to be certain. The loss is
 * convex in 1 / T, so Newton's steps, kept inside a bracket, find its one minimum.
 */
export async function fitTemperature(images: readonly Labelled[], signal?: AbortSignal): Promise<number> {
  let [low, high] = [1 / hottest, 1 / coldest];
  let inverse = 1;
  for (let step = 0; step < 60 && high - low > tolerance * inverse; step++) {
    let [slope, curve] = [0, 0];
    for (const { logits, label } of images) {
      const { mean, variance } = moments(logits, inverse);
      const sum = logits.reduce((sum, value) => sum + value, 0);
      slope += mean - (images.length * logits[label] + sum) / (images.length + logits.length);
      curve += variance;
      await giveWay(signal);
    }
    if (slope > 0) high = inverse;
    else low = inverse;
    const next = inverse - slope / curve;
    const isInside = next > low && next < high;
    if (isInside && Math.abs(next - inverse) <= tolerance * inverse) return 1 / next;
    inverse = isInside ? next : (low + high) / 2;
  }
  return 1 / inverse;
}

/** Mean and variance of the logits under softmax(inverse * logits). */
function moments(logits: Float32Array, inverse: number): { mean: number; variance: number } {
  let top = -Infinity;
  for (const value of logits) top = Math.max(top, value);
  let [sum, first, second] = [0, 0, 0];
  for (const value of logits) {
    const weight = exp(inverse * (value - top));
    sum += weight;
    first += weight * (value - top);
    second += weight * (value - top) * (value - top);
  }
  const mean = first / sum;
  return { mean: mean + top, variance: Math.max(0, second / sum - mean * mean) };
}
