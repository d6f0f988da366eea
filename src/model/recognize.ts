import type { ImageSource } from "../data/image.js";
import type { ScoreOptions } from "./call-options.js";
import { calibrated, familiarityOf, freeEnergy, nearestDistance, oddnessOf, prototypesOf } from "./calibration.js";
import { concat } from "../ops/concat.js";
import type { JoinedResult } from "./graphs.js";
import { rankScores, softmaxRow } from "./logits.js";
import type { Model, Score } from "./model.js";

/** What a calibrated model makes of an image. */
export interface Recognition {
  /** All classes, best first; their scores are as often right as they say. */
  readonly scores: readonly Score[];
  /** Whether the image is like none of the classes. */
  readonly isUnknown: boolean;
  /** Share of the calibration images that are at least as odd, 0 to 1: low for what is like none of the classes. */
  readonly familiarity: number;
}

/**
 * What images show, or that they show nothing that the model knows.
 *
 * @throws {ArgumentError} for a model that is not calibrated
 */
export async function recognizeAll(model: Model, images: readonly ImageSource[], { signal, tta }: ScoreOptions = {}): Promise<Recognition[]> {
  const calibration = calibrated(model.calibration);
  const prototypes = prototypesOf(calibration, model.labels.length);
  const rows = await withEmbeddings(model, images, { signal, tta });
  return rows.map(({ logits, embedding }) => {
    const odd = oddnessOf(calibration, freeEnergy(logits), nearestDistance(embedding, prototypes));
    const familiarity = familiarityOf(calibration, odd);
    const scores = rankScores(model.labels, softmaxRow(logits.map((value) => value / calibration.temperature)));
    return { scores, isUnknown: familiarity < 1 - calibration.truePositiveRate, familiarity };
  });
}

/** What `Model.classify` gives for each image: ahead of the classes that it is like none of them, where it is so. */
export async function classifyCalibrated(model: Model, images: readonly ImageSource[], topK: number, options: ScoreOptions): Promise<Score[][]> {
  const recognized = await recognizeAll(model, images, options);
  return recognized.map(({ scores, isUnknown, familiarity }) => {
    const unknown: Score[] = isUnknown ? [{ label: "none of these", score: 1 - familiarity, isUnknown }] : [];
    return [...unknown, ...scores].slice(0, topK);
  });
}

/** One row of both: the logits of all classes, then the embedding. */
export const logitsAndEmbedding: JoinedResult = {
  name: "logits and embedding",
  join: (logits, embedding) => concat([logits, embedding], { axis: 1 }),
};

/** Logits and embedding of each image, in one go where that can be. */
export async function withEmbeddings(
  model: Model,
  images: readonly ImageSource[],
  { tta, signal }: ScoreOptions,
): Promise<{ logits: Float32Array; embedding: Float32Array }[]> {
  const classes = model.labels.length;
  if (!tta) {
    const rows = await model.compute(logitsAndEmbedding, images, { signal });
    return rows.map((row) => ({ logits: row.slice(0, classes), embedding: row.slice(classes) }));
  }
  const logits = await model.compute("logits", images, { tta, signal });
  const embeddings = await model.compute("embedding", images, { signal });
  return logits.map((row, i) => ({ logits: row, embedding: embeddings[i] }));
}
