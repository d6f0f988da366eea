import { ArgumentError } from "../core/errors.js";
import type { Random } from "../core/random.js";
import { giveWay } from "../core/slices.js";
import { type Dataset, itemAt } from "../data/dataset.js";

/** Which images an epoch has: each once (`shuffle`), as many of each class (`balanced`), or of each class its share, in the order of the data set's classes. */
export type Sampling = "shuffle" | "balanced" | { readonly classWeights: readonly number[] };

/** Positions of the images of each class. @throws the signal's reason when aborted */
export async function imagesByClass(data: Dataset, signal?: AbortSignal): Promise<number[][]> {
  const found = data.classes.map((): number[] => []);
  for (let i = 0; i < data.length; i++) {
    found[(await itemAt(data, i)).label].push(i);
    await giveWay(signal);
  }
  return found;
}

/** The order of an epoch. @param byClass positions of the images of each class, where the sampling depends on them */
export function orderOf(images: number, sampling: Sampling | undefined, byClass: readonly (readonly number[])[] | undefined, random: Random): Uint32Array {
  if (!sampling || !byClass || sampling === "shuffle") return shuffled(images, random);
  return weighted(byClass, sampling === "balanced" ? byClass.map(() => 1) : sampling.classWeights, random);
}

/** The order of an epoch in which every image comes once. */
export function shuffled(images: number, random: Random): Uint32Array {
  return random.shuffle(Uint32Array.from({ length: images }, (_, i) => i));
}

/**
 * The order of an epoch of as many images as there are, in which each class has its share: to within one image, of classes that have
 * images at all. Within a class all images come equally often, to within one; which of them come once more changes with the draws.
 *
 * @param weights of each class, 0 or more
 * @see torch.utils.data.WeightedRandomSampler, which draws each image by itself, so that classes only have their shares in the mean
 */
export function weighted(byClass: readonly (readonly number[])[], weights: readonly number[], random: Random): Uint32Array {
  const images = byClass.reduce((sum, some) => sum + some.length, 0);
  const shares = byClass.map((some, i) => (some.length > 0 ? weights[i] : 0));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const exact = shares.map((share) => (images * share) / whole);
  const counts = exact.map(Math.floor);
  // What rounding down left goes to the largest remainders, in random order where they are equal.
  const order = shuffled(counts.length, random);
  const byRemainder = [...order].sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]));
  const left = images - counts.reduce((sum, count) => sum + count, 0);
  for (const i of byRemainder.filter((i) => shares[i] > 0).slice(0, left)) counts[i]++;
  const chosen = byClass.flatMap((some, i) => {
    const rounds: number[] = [];
    while (rounds.length < counts[i]) rounds.push(...random.shuffle([...some]));
    return rounds.slice(0, counts[i]);
  });
  return random.shuffle(Uint32Array.from(chosen));
}

/** The first places of an order in which each image comes so many times at once: as many images as before, fewer different ones. @see timm `RepeatAugSampler` */
export function repeated(order: Uint32Array, repeats: number): Uint32Array {
  return order.map((_, place) => order[Math.floor(place / repeats)]);
}

/** Of each place in an order: how often its image came before. */
export function timesBefore(order: ArrayLike<number>): Uint32Array {
  const counts = new Map<number, number>();
  return Uint32Array.from(order, (image) => {
    const count = counts.get(image) ?? 0;
    counts.set(image, count + 1);
    return count;
  });
}

/** @throws {ArgumentError} for what is neither `balanced` (or of sampling `shuffle`) nor a weight for each class */
export function checkClassWeights(option: string, weights: readonly number[] | string | undefined, classes: number): void {
  if (weights === undefined || weights === "balanced" || (option === "sampling" && weights === "shuffle")) return;
  const isList = Array.isArray(weights) && weights.length === classes && weights.every((weight) => weight >= 0 && weight < Number.POSITIVE_INFINITY);
  if (!isList || weights.every((weight) => weight === 0)) {
    throw new ArgumentError(`train: ${option} expected "balanced" or ${classes} numbers of 0 or more, one for each class, got ${JSON.stringify(weights)}`);
  }
}
