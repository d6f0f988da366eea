import { checkDataset, type Dataset, type Item } from "../data/dataset.js";
import type { DecodedImages } from "../data/image-cache.js";
import type { Build } from "../runtime/instance.js";
import { type Evaluation, EvaluationBuilder } from "./metrics.js";
import type { ScoreOptions } from "./call-options.js";
import type { Model } from "./model.js";

export interface EvaluateOptions extends ScoreOptions {
  /** Kernels to use; default the model's. */
  readonly build?: Build;
  /** Whether to compute the areas under the classes' ROC curves, which keeps 8 bytes for each class of each image. Default true. */
  readonly rocAuc?: boolean;
  /** Told the images done so far, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
  /** @internal Of the data set: what was decoded already, and room for more. */
  readonly decoded?: DecodedImages;
}

/** What `Model.evaluate` does. */
export async function evaluate(model: Model, data: Dataset, { signal, build, tta, rocAuc, onProgress, decoded }: EvaluateOptions): Promise<Evaluation> {
  checkDataset("evaluate", data);
  const labels = model.labelIndices(data.classes);
  const builder = new EvaluationBuilder(model.labels, { rocAuc });
  const { temperature = 1 } = model.calibration ?? {};
  const add = (row: Float32Array, { id, label }: Item) =>
    builder.add(
      id,
      labels[label],
      row.map((value) => value / temperature),
    );
  await model.computeScores(data, add, { signal, build, tta, decoded, onProgress: (done) => onProgress?.(done, data.length) });
  return builder.finish();
}
