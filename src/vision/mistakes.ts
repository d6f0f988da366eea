import { checkDataset, type Dataset, type Item } from "../data/dataset.js";
import type { ScoreOptions } from "../model/call-options.js";
import { argmax, softmaxRow } from "../model/logits.js";
import type { Model } from "../model/model.js";

export interface MistakesOptions extends ScoreOptions {
  /** Told the images done so far, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** An image that the model calls something else than its label. */
export interface Mistake {
  /** Position in the data set. */
  readonly index: number;
  readonly id: string;
  readonly label: string;
  readonly predicted: string;
  /** Softmax score of the predicted class, and of the label. */
  readonly score: number;
  readonly labelScore: number;
}

/** An image whose label is likely to be wrong. */
export interface SuspiciousLabel {
  readonly index: number;
  readonly id: string;
  readonly label: string;
  /** What it is likelier to be. */
  readonly suggested: string;
  /** Softmax score of what is suggested, and of the label. */
  readonly score: number;
  readonly labelScore: number;
}

export interface Mistakes {
  readonly images: number;
  readonly accuracy: number;
  /** Those that the model was surest of come first. */
  readonly wrong: readonly Mistake[];
  /** The most suspicious come first. */
  readonly suspicious: readonly SuspiciousLabel[];
}

/**
 * What a model gets wrong, and which labels look wrong themselves. The latter by confident learning (Northcutt, Jiang & Chuang 2021, section
 * 3.1): a class is believed of an image where its score reaches the mean score of that class over the images labelled so; an image of which
 * another class than its label is believed most is suspicious, the more the further its label's score is below the best of the others'. Such
 * scores mean little for images that the model learnt from: give it others.
 *
 * @throws {ArgumentError} for a class that the model does not know, {DataError | FormatError} for an image that cannot be read
 */
export async function mistakes(model: Model, data: Dataset, { tta, signal, onProgress }: MistakesOptions = {}): Promise<Mistakes> {
  checkDataset("mistakes", data);
  const known = model.labelIndices(data.classes);
  const images: Scored[] = [];
  const take = (row: Float32Array, { id, label }: Item) => images.push({ id, label: known[label], scores: Float32Array.from(softmaxRow(row)) });
  await model.computeScores(data, take, { tta, signal, onProgress: (done) => onProgress?.(done, data.length) });
  return rankMistakes(model.labels, images);
}

/** An image's softmax scores beside its label. */
export interface Scored {
  readonly id: string;
  readonly label: number;
  readonly scores: ArrayLike<number>;
}

export function rankMistakes(labels: readonly string[], images: readonly Scored[]): Mistakes {
  const wrong: Mistake[] = [];
  const suspicious: (SuspiciousLabel & { margin: number })[] = [];
  const thresholds = meanScores(labels.length, images);
  images.forEach(({ id, label, scores }, index) => {
    const at = { index, id, label: labels[label], labelScore: scores[label] };
    const predicted = argmax(scores);
    if (predicted !== label) wrong.push({ ...at, predicted: labels[predicted], score: scores[predicted] });
    const believed = argmax(Float64Array.from(thresholds, (threshold, i) => (scores[i] >= threshold ? scores[i] : -1)));
    if (believed === label || !(scores[believed] >= thresholds[believed])) return;
    let other = 0;
    for (let i = 0; i < labels.length; i++) if (i !== label) other = Math.max(other, scores[i]);
    suspicious.push({ ...at, suggested: labels[believed], score: scores[believed], margin: scores[label] - other });
  });
  return {
    images: images.length,
    accuracy: (images.length - wrong.length) / Math.max(1, images.length),
    wrong: wrong.sort((a, b) => b.score - a.score || a.index - b.index),
    suspicious: suspicious.sort((a, b) => a.margin - b.margin || a.index - b.index).map(({ margin: _, ...rest }) => rest),
  };
}

/** Mean score of each class over the images labelled so; infinite where there are none. */
function meanScores(classes: number, images: readonly Scored[]): Float64Array {
  const [sums, counts] = [new Float64Array(classes), new Float64Array(classes)];
  for (const { label, scores } of images) {
    sums[label] += scores[label];
    counts[label]++;
  }
  return sums.map((sum, i) => (counts[i] > 0 ? sum / counts[i] : Number.POSITIVE_INFINITY));
}
