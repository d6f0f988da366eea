import type { Model } from "../model/model.js";
import type { EpochRecord, Phase, TrainerOptions, TrainingData } from "./options.js";
import { Trainer } from "./trainer.js";

export interface FineTuneOptions extends Omit<TrainerOptions, "phases" | "lr" | "schedule"> {
  /** Passes over the data with all layers learning, default 5. */
  readonly epochs?: number;
  /** Passes over the kept backbone results before that, with only the head learning; nearly free, default 10. */
  readonly freezeEpochs?: number;
  /** Peak learning rate of the head (default 2e-3); half of it once all layers learn. */
  readonly baseLr?: number;
  /** While all layers learn, the first ones do so at `baseLr / 2 / lrMult`; default 100. */
  readonly lrMult?: number;
}

/**
 * Adapts a pretrained model to a data set: the head first, on backbone results computed once per image; then the
 * whole network on augmented images, with smaller steps for earlier layers. AdamW and one-cycle schedules.
 *
 * @returns one record an epoch: loss, accuracy, validation loss and accuracy, images per second
 * @throws {DataError} for data that cannot be trained on; the signal's reason when aborted
 * @see fastai `Learner.fine_tune`: the two phases, halved rate and `lr_mult`
 */
export async function fineTune(model: Model, data: TrainingData, options: FineTuneOptions = {}): Promise<readonly EpochRecord[]> {
  return fineTuner(model, data, options).fit();
}

/** The Trainer that `fineTune` runs; for resuming from a checkpoint. */
export function fineTuner(
  model: Model,
  data: TrainingData,
  { epochs = 5, freezeEpochs = 10, baseLr = 2e-3, lrMult = 100, ...options }: FineTuneOptions = {},
): Trainer {
  const phases: Phase[] = [
    { name: "head", epochs: freezeEpochs, train: "head", lr: baseLr, lrMult: 1, schedule: "oneCycle" },
    { name: "all", epochs, train: "all", lr: baseLr / 2, lrMult, schedule: "oneCycle" },
  ];
  return new Trainer(model, data, { optimizer: "adamw", ...options, phases });
}
