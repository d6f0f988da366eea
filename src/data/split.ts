import { ArgumentError, DataError } from "../core/errors.js";
import { Random } from "../core/random.js";
import { type Dataset, itemAt, type Split } from "./dataset.js";
import { fromLabelled, type Labelled, listNames } from "./labels.js";

export interface SplitOptions {
  /** Share of every class that is held out for validation, from 0 up to but not including 1 (default 0.2). */
  validation?: number;
  /** Whole number of 0 or more; the same seed gives the same split on every machine (default 0). */
  seed?: number;
}

/** Folder names, and values of a CSV's split column, that mean validation; the first that occurs is used. */
export const VALIDATION_NAMES = ["val", "valid", "validation", "test"] as const;

/** First word of this module's random streams. */
const SPLIT_STREAM = 0x73706c;

/**
 * Divides every class at random: `round(validation * n)` of its n items are held out, at least one and at most n - 1 where n > 1.
 * @returns indices into `labels`, each side in ascending order
 * @throws {ArgumentError} for a share outside [0, 1)
 */
export function stratify(labels: ArrayLike<number>, { validation = 0.2, seed = 0 }: SplitOptions = {}): { train: number[]; validation: number[] } {
  if (!(validation >= 0 && validation < 1)) throw new ArgumentError(`split: expected validation from 0 up to but not including 1, got ${validation}`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ArgumentError(`split: expected a whole seed of 0 or more, got ${seed}`);
  const members = new Map<number, number[]>();
  for (let index = 0; index < labels.length; index++) {
    const ofClass = members.get(labels[index]);
    if (ofClass) ofClass.push(index);
    else members.set(labels[index], [index]);
  }
  const sides = { train: [] as number[], validation: [] as number[] };
  for (const [label, indices] of members) {
    const held = validation === 0 ? 0 : Math.min(Math.max(Math.round(validation * indices.length), 1), indices.length - 1);
    new Random(seed, SPLIT_STREAM, label).shuffle(indices).forEach((index, place) => sides[place < held ? "validation" : "train"].push(index));
  }
  sides.train.sort((a, b) => a - b);
  sides.validation.sort((a, b) => a - b);
  return sides;
}

/** Splits a data set by `stratify`. */
export async function splitDataset(dataset: Dataset, options: SplitOptions = {}): Promise<Split> {
  const labels = new Int32Array(dataset.length);
  for (let index = 0; index < labels.length; index++) labels[index] = (await itemAt(dataset, index)).label;
  const { train, validation } = stratify(labels, options);
  return { classes: dataset.classes, train: dataset.subset(train), validation: dataset.subset(validation) };
}

/**
 * A split that the source itself makes.
 * @throws {DataError} when the two sides do not have the same classes, listing those that only one has
 */
export function givenSplit(train: readonly Labelled[], validation: readonly Labelled[], where: string, classes?: readonly string[]): Split {
  for (const [side, items] of Object.entries({ training: train, validation })) {
    if (items.length === 0) throw new DataError(`${where}, ${side}: there are no images`);
  }
  const learnt = fromLabelled(train, `${where}, training`, classes);
  if (!classes && typeof train[0].label === "string") {
    const [inTrain, inValidation] = [train, validation].map((items) => new Set(items.map(({ label }) => String(label))));
    const onlyTrain = learnt.classes.filter((name) => !inValidation.has(name));
    const onlyValidation = [...inValidation].filter((name) => !inTrain.has(name)).sort();
    if (onlyTrain.length + onlyValidation.length > 0) {
      throw new DataError(
        `${where}: expected the same classes for training and validation; only in training: ${listNames(onlyTrain) || "none"}; only in validation: ${listNames(onlyValidation) || "none"}`,
      );
    }
  }
  return { classes: learnt.classes, train: learnt, validation: fromLabelled(validation, `${where}, validation`, learnt.classes) };
}
