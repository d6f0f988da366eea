import type { Model } from "../model/model.js";
import type { EpochRecord, Phase, TrainerOptions, TrainingData } from "./options.js";
import { Trainer } from "./trainer.js";

export interface FineTuneOptions extends Omit<TrainerOptions, "phases" | "lr" | "schedule"> {
  /** Passes over the data with all layers learning, default 5. */
  readonly epochs?: number;
  /** Passes over the kept backbone results before that, with only the head learning; nearly free, default 30. */
  readonly freezeEpochs?: number;
  /** Peak learning rate of the head while it learns alone, default 1e-2. */
  readonly headLr?: number;
  /** Peak learning rate of the head once all layers learn, default 5e-4: small enough not to harm a good checkpoint. */
  readonly baseLr?: number;
  /** While all layers learn, the first ones do so at `baseLr / lrMult`, the middle ones at the geometric mean; default 10, with a `layerDecay` 1. */
  readonly lrMult?: number;
}

/** Share of an image's area that fine-tuning keeps at least: less than that loses what a small data set is about. */
const leastArea = 0.5;

/**
 * Adapts a pretrained model to a data set: the head first, on backbone results computed once per image; then the
 * whole network on augmented images (a random half or more of each, flipped at random), with smaller steps for earlier
 * layers. AdamW and one-cycle schedules.
 *
 * @returns one record an epoch: loss, accuracy, validation loss and accuracy, images per second
 * @throws {DataError} for data that cannot be trained on; the signal's reason when aborted
 * @see fastai `Learner.fine_tune`: the two phases and `lr_mult`
 */
export async function fineTune(model: Model, data: TrainingData, options: FineTuneOptions = {}): Promise<readonly EpochRecord[]> {
  return fineTuner(model, data, options).fit();
}

/** The Trainer that `fineTune` runs; for resuming from a checkpoint. */
export function fineTuner(
  model: Model,
  data: TrainingData,
  { epochs = 5, freezeEpochs = 30, headLr = 1e-2, baseLr = 5e-4, lrMult, ...options }: FineTuneOptions = {},
): Trainer {
  const divisor = lrMult ?? (options.layerDecay === undefined ? 10 : 1);
  const phases: Phase[] = [
    { name: "head", epochs: freezeEpochs, train: "head", lr: headLr, lrMult: 1, schedule: "oneCycle" },
    { name: "all", epochs, train: "all", lr: baseLr, lrMult: divisor, schedule: "oneCycle" },
  ];
  const { scale = [leastArea, 1] as const, ...others } = options.augmentation ?? {};
  const augmentation = options.transforms ? options.augmentation : { ...others, scale };
  return new Trainer(model, data, { optimizer: "adamw", ...options, augmentation, phases });
}
