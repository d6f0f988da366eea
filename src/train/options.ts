import { ArgumentError } from "../core/errors.js";
import type { FileTarget, ReadableStore, WritableStore } from "../core/file-store.js";
import type { Dataset } from "../data/dataset.js";
import { type Preprocessing, trainingTransforms } from "../data/preprocessing.js";
import type { Transform } from "../data/transforms/index.js";
import { type BuildChoice, buildChoices } from "../runtime/choose-build.js";

/** Where a checkpoint is kept: a path, or a file in a store that can be read too. */
export type CheckpointTarget = FileTarget<ReadableStore & WritableStore>;

/** How the learning rate moves over a phase, from the first step (0) to the last (1). */
export type ScheduleName = "oneCycle" | "cosine" | "constant";

/** Images to learn from and, if there are any, images to measure on. `ImageFolder.open` gives both. */
export interface TrainingData {
  readonly train: Dataset;
  readonly validation?: Dataset;
}

/** A stretch of training with one set of learning parameters. */
export interface Phase {
  readonly name: string;
  /** Passes over the training images. */
  readonly epochs: number;
  /** `head`: only the classifier learns, on backbone results that are computed once; `all`: the whole network learns on augmented images. */
  readonly train: "head" | "all";
  /** Peak learning rate of the head. */
  readonly lr: number;
  /** The first layers learn at `lr / lrMult`, the middle ones between the two (geometric mean). */
  readonly lrMult: number;
  readonly schedule: ScheduleName;
}

export interface TrainerOptions {
  /** Passes over the data (default 10), for a Trainer without `phases`. */
  readonly epochs?: number;
  /** Peak learning rate (default 0.05 for sgd, 1e-3 for adamw), for a Trainer without `phases`. */
  readonly lr?: number;
  /** Default `oneCycle`, for a Trainer without `phases`. */
  readonly schedule?: ScheduleName;
  readonly phases?: readonly Phase[];
  /** Images per step, default 32. */
  readonly batchSize?: number;
  /** Default `sgd`. */
  readonly optimizer?: "sgd" | "adamw";
  /** Of sgd, default 0.9. */
  readonly momentum?: number;
  /** Of sgd, default false. */
  readonly nesterov?: boolean;
  /** Of weights, not of norms and biases; default 1e-4 for sgd, 0.01 for adamw. */
  readonly weightDecay?: number;
  /** Share of a cosine schedule that rises to the peak first, default 0. `oneCycle` has its own. */
  readonly warmup?: number;
  /** Default 0. */
  readonly labelSmoothing?: number;
  /** Largest norm of all gradients together, default 0: no limit. */
  readonly maxNorm?: number;
  /** `train`: statistics of each batch; `frozen`: those of the checkpoint. Default `frozen` below 10,000 training images for weights that came trained, else `train`. */
  readonly batchNorm?: "frozen" | "train";
  /**
   * Keeps few activations and computes the others again in the backward part: much less memory for about a fifth more work, and the
   * same bits. Default false.
   */
  readonly gradientCheckpointing?: boolean;
  /** Augmentation of training images; default: the model's `trainingTransforms`. */
  readonly transforms?: readonly Transform[];
  /** Ends a phase when the validation loss has not fallen for so many of its epochs. `fit` then ends with the best weights of all epochs. Default 0: never. */
  readonly patience?: number;
  /** `error` (default) fails on an image that cannot be read; `skip` looks through all images first, reports the bad ones by `onNotice` and leaves them out. */
  readonly badImages?: "error" | "skip";
  /**
   * Kernels of everything in training: steps, kept backbone results, validation. Default `simd`: the same bits in every
   * engine. The others are faster, and their bits are those of engines that have the build; see docs/builds.md.
   */
  readonly build?: BuildChoice;
  /** Fixes initial head weights, order, augmentation and dropout. Default 0. */
  readonly seed?: number;
  /**
   * A file that is written at the end of each epoch, and when the signal aborts; `resume` goes on from it. A path, or a file in a store
   * of `ocelli/storage`, such as `{ store: opfs(), name: "photos.checkpoint" }` in a page.
   */
  readonly checkpoint?: CheckpointTarget;
  /**
   * Most bytes of decoded images that are kept for the next epochs, where there are any; 0 for none. What does not fit is
   * decoded again each time. Default `limits.imageCacheBytes`, 1 GiB: some 87,000 images of 64 x 64 pixels, or 7,000 of 224 x 224.
   */
  readonly imageCache?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told how far the work before the first step is, which takes minutes on many images. */
  readonly onPrepare?: (preparation: Preparation) => void;
  /** Told once about choices and findings that a user should know, such as frozen batch norms or skipped files. */
  readonly onNotice?: (notice: string) => void;
}

/** Work before a phase's first step: looking through the images (with `badImages: "skip"`), or taking each once through the backbone. */
export interface Preparation {
  readonly work: "images" | "features";
  /** Images done and to do. */
  readonly done: number;
  readonly total: number;
}

/** After each step, and once more at the end of each epoch, then with `validation` where there are such images. */
export interface Progress {
  readonly phase: string;
  /** From 1, over all phases. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done and to do, over all phases. */
  readonly step: number;
  readonly steps: number;
  /** Mean over the epoch so far. */
  readonly loss: number;
  readonly accuracy: number;
  readonly validation?: { readonly loss: number; readonly accuracy: number };
  readonly imagesPerSecond: number;
  /** Share of the epoch's time so far, 0 to 1, in which the next step waited for its images: reading, decoding, augmenting. */
  readonly waiting: number;
  /** Seconds left in this phase. */
  readonly eta: number;
  /** True once an epoch, after its last step and its validation. */
  readonly endOfEpoch: boolean;
}

/** One epoch's record; of epochs before a resumption `imagesPerSecond` and `waiting` are 0. */
export type EpochRecord = Pick<Progress, "phase" | "epoch" | "loss" | "accuracy" | "validation" | "imagesPerSecond" | "waiting">;

export type Settings = Required<
  Omit<
    TrainerOptions,
    "build" | "gradientCheckpointing" | "checkpoint" | "imageCache" | "signal" | "onProgress" | "onPrepare" | "onNotice" | "epochs" | "lr" | "schedule"
  >
>;

/** All options with their defaults. @throws {ArgumentError} for a value outside its range, naming option and value */
export function resolveSettings(options: TrainerOptions, batchNorm: "frozen" | "train", preprocessing: Preprocessing): Settings {
  const optimizer = options.optimizer ?? "sgd";
  const phase: Phase = {
    name: "all",
    epochs: options.epochs ?? 10,
    train: "all",
    lr: options.lr ?? (optimizer === "sgd" ? 0.05 : 1e-3),
    lrMult: 1,
    schedule: options.schedule ?? "oneCycle",
  };
  const settings: Settings = {
    phases: options.phases ?? [phase],
    batchSize: options.batchSize ?? 32,
    optimizer,
    momentum: options.momentum ?? 0.9,
    nesterov: options.nesterov ?? false,
    weightDecay: options.weightDecay ?? (optimizer === "sgd" ? 1e-4 : 0.01),
    warmup: options.warmup ?? 0,
    labelSmoothing: options.labelSmoothing ?? 0,
    maxNorm: options.maxNorm ?? 0,
    batchNorm,
    transforms: options.transforms ?? trainingTransforms(preprocessing),
    patience: options.patience ?? 0,
    badImages: options.badImages ?? "error",
    seed: options.seed ?? 0,
  };
  const range = (name: string, value: number, low: number, high: number, whole = false) => {
    if (!(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      throw new ArgumentError(`train: ${name} expected a ${whole ? "whole " : ""}number from ${low} to ${high}, got ${value}`);
    }
  };
  range("batchSize", settings.batchSize, 1, 65536, true);
  range("momentum", settings.momentum, 0, 1);
  range("weightDecay", settings.weightDecay, 0, 1);
  range("warmup", settings.warmup, 0, 1);
  range("labelSmoothing", settings.labelSmoothing, 0, 1);
  range("maxNorm", settings.maxNorm, 0, Number.MAX_VALUE);
  range("patience", settings.patience, 0, Number.MAX_SAFE_INTEGER, true);
  range("seed", settings.seed, 0, Number.MAX_SAFE_INTEGER, true);
  const choice = (name: string, value: string, choices: readonly string[]) => {
    if (!choices.includes(value)) throw new ArgumentError(`train: ${name} expected ${choices.join(" or ")}, got ${JSON.stringify(value)}`);
  };
  choice("optimizer", optimizer, ["sgd", "adamw"]);
  choice("batchNorm", batchNorm, ["frozen", "train"]);
  choice("badImages", settings.badImages, ["error", "skip"]);
  if (options.imageCache !== undefined) range("imageCache", options.imageCache, 0, Number.MAX_SAFE_INTEGER, true);
  if (options.build !== undefined) choice("build", options.build, buildChoices);
  if (settings.nesterov && settings.momentum === 0) throw new ArgumentError("train: nesterov needs a momentum above 0");
  for (const { name, epochs, train, lr, lrMult, schedule } of settings.phases) {
    range(`${name}: epochs`, epochs, 0, 100_000, true);
    range(`${name}: lr`, lr, 0, 1000);
    range(`${name}: lrMult`, lrMult, 1, 1e9);
    choice(`${name}: train`, train, ["head", "all"]);
    choice(`${name}: schedule`, schedule, ["oneCycle", "cosine", "constant"]);
  }
  return settings;
}
