import type { Model } from "../model/model.js";
import { fineTuneSchedule } from "./fine-tune-schedule.js";
import type { EpochRecord, TrainerOptions, TrainingData } from "./options.js";
import { Trainer } from "./trainer.js";

export interface FineTuneOptions extends Omit<TrainerOptions, "phases" | "lr" | "schedule"> {
  /**
   * Mixup and cutmix while all layers learn. Default mixup 0.2 and cutmix 1, with a `labelSmoothing` of 0.1, where a trained backbone learns for 10
   * epochs or more from 40 images a class or more, by cross-entropy and without a teacher; `false` for none.
   */
  readonly mixing?: Required<TrainerOptions>["mixing"];
  /**
   * Passes over the data with all layers learning. Default by the number of images, 5 to 20, below 40 images a class at most 10, none below 10;
   * for an untrained backbone 5 to 50, however few images a class.
   */
  readonly epochs?: number;
  /** Passes before that over kept backbone results, with only the head learning; nearly free. Default by the number of images, 16 to 60; none for an untrained backbone. */
  readonly freezeEpochs?: number;
  /**
   * Of each image that the head learns from alone: as it is measured, and so many less one as training images vary; 1 to 64. Default 8 for up
   * to 2,000 images, 4 up to 10,000, else 1.
   */
  readonly headViews?: number;
  /**
   * Peak learning rate of the head while it learns alone. Default 1e-2 where `optimizer` is given or the head is more than one linear layer;
   * else it learns as a logistic regression, which needs none.
   */
  readonly headLr?: number;
  /**
   * Peak learning rate of the head once all layers learn; default 2e-3 below 2 million parameters, else 5e-4: small enough not to harm a good
   * checkpoint. At most 5e-5 for each image of a class, of which 10 are assumed at least.
   */
  readonly baseLr?: number;
  /**
   * While all layers learn, the first ones do so at `baseLr / lrMult`, the middle ones at the geometric mean; default 10, where images are mixed by default and
   * there are less than 2 million parameters 3, with a `layerDecay` or an untrained backbone 1.
   */
  readonly lrMult?: number;
}

/** Share of an image's area that fine-tuning keeps at least: less than that loses what a small data set is about. */
const leastArea = 0.5;

/**
 * Adapts a pretrained model to a data set: the head first, on backbone results computed once for each view of an image; then, where there
 * are images enough, the whole network on augmented images (a random half or more of each, flipped at random), by AdamW with smaller steps
 * for earlier layers. What it chose, and why, is told by `onNotice`; `fineTuneSchedule` says it beforehand.
 *
 * @returns one record an epoch: loss, accuracy, validation loss and accuracy, images per second
 * @throws {DataError} for data that cannot be trained on; the signal's reason when aborted
 * @see fastai `Learner.fine_tune`: the two phases and `lr_mult`
 */
export async function fineTune(model: Model, data: TrainingData, options: FineTuneOptions = {}): Promise<readonly EpochRecord[]> {
  return fineTuner(model, data, options).fit();
}

/** The Trainer that `fineTune` runs; for resuming from a checkpoint. */
export function fineTuner(model: Model, data: TrainingData, options: FineTuneOptions = {}): Trainer {
  const { why, ...chosen } = fineTuneSchedule(model, data, options);
  const { scale = [leastArea, 1] as const, ...varied } = options.augmentation ?? {};
  const augmentation = options.transforms ? options.augmentation : { ...varied, scale };
  return new Trainer(model, data, { optimizer: "adamw", ...options, augmentation, ...chosen }, why);
}
