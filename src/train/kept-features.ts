import type { Build } from "../core/build.js";
import type { Dataset, Item } from "../data/dataset.js";
import type { DecodedImages } from "../data/image-cache.js";
import type { Pipeline } from "../data/transforms/index.js";
import type { Model } from "../model/model.js";
import { streams } from "./streams.js";

/** What the backbone gives for the images of a data set, computed once: of all first views, then of all second ones. */
export interface KeptFeatures {
  readonly rows: readonly Float32Array[];
  /** The model's label of each row. */
  readonly labels: readonly number[];
}

interface Options {
  /** Of each image: the first one as it is measured, the others varied. */
  readonly views: number;
  /** How they are varied. */
  readonly transforms: Pipeline;
  readonly seed: number;
  readonly build: Build;
  readonly decoded?: DecodedImages;
  readonly signal?: AbortSignal;
  /** Told the rows that are there. */
  readonly onProgress: (done: number) => void;
}

/** Takes every view of every image through the backbone. */
export async function keepFeatures(model: Model, data: Dataset, { views, transforms, seed, onProgress, ...options }: Options): Promise<KeptFeatures> {
  const labelOf = model.labelIndices(data.classes);
  const rows: Float32Array[] = [];
  const labels: number[] = [];
  const take = (row: Float32Array, { label }: Item) => {
    rows.push(row);
    labels.push(labelOf[label]);
  };
  for (let view = 0; view < views; view++) {
    const varied = view > 0 ? { pipeline: transforms, draws: (position: number) => ({ seed, stream: [streams.features, view, position] }) } : undefined;
    await model.computeEach("features", data, take, { ...options, varied, onProgress: (done) => onProgress(view * data.length + done) });
  }
  return { rows, labels };
}
