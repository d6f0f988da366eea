import { ArgumentError } from "../core/errors.js";
import type { FileTarget, ReadableStore, WritableStore } from "../core/file-store.js";
import type { Dataset } from "../data/dataset.js";
import { checkedMixing, type Mixing } from "../data/mixing.js";
import { type Augmentation, trainingTransforms } from "../data/training-transforms.js";
import type { Transform } from "../data/transforms/index.js";
import type { Model } from "../model/model.js";
import { checkedOptimizer, type Optimizer, type OptimizerName, trainerDefaults } from "../optim/optimizer.js";
import { type BuildChoice, buildChoices } from "../runtime/choose-build.js";
import { checkedEma, type Ema } from "./averages.js";
import { type Distillation, type DistillationSettings, distillationSettings } from "./distillation.js";
import { type ClassWeights, checkedLoss, type Loss, type LossName } from "./loss.js";
import { checkRegression, hasLinearHead, type Regression } from "./regression.js";
import type { Sampling } from "./sampling.js";
import { checkedSchedule, type ScheduleName, type ScheduleOptions } from "./schedules.js";

/** Where a checkpoint is kept: a path, or a file in a store that can be read too. */
export type CheckpointTarget = FileTarget<ReadableStore & WritableStore>;

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
  /** The first layers learn at `lr / lrMult`, the middle ones between the two (geometric mean). 1 where there is a `layerDecay`. */
  readonly lrMult: number;
  readonly schedule: ScheduleName | ScheduleOptions;
  /**
   * Side of the training images, or `[height, width]`, where all layers learn; default the model's own, on which validation measures in any
   * case. Sizes and paddings in `transforms` follow in proportion. Small first and larger later is progressive resizing. For networks
   * whose weights do not depend on it.
   */
  readonly imageSize?: number | readonly [height: number, width: number];
  /**
   * Where only the head learns and it is one linear layer: it does so as a logistic regression, not by the trainer's optimiser. `lr` is then a
   * part of the rate that suits the features, 1 as a rule.
   */
  readonly regression?: Regression;
}

export interface TrainerOptions {
  /** Passes over the data (default 10), for a Trainer without `phases`. */
  readonly epochs?: number;
  /** Peak learning rate (default 0.05 for sgd, 1e-3 for adamw and lamb, 1e-2 for rmsprop), for a Trainer without `phases`. */
  readonly lr?: number;
  /** Default `oneCycle`, for a Trainer without `phases`. */
  readonly schedule?: ScheduleName | ScheduleOptions;
  readonly phases?: readonly Phase[];
  /** Images in memory at a time, and per step where `accumulate` is 1; default 32. */
  readonly batchSize?: number;
  /**
   * Batches whose gradients are added up for one step of the optimiser, 1 to 65536, default 1. Without batch norm in training mode the step is
   * that of one batch of all their images, but for rounding; an epoch's last step takes what is left. Schedules count these steps.
   */
  readonly accumulate?: number;
  /** Default `sgd`. A name alone takes the optimiser's defaults. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** Of sgd and rmsprop, 0 to 1; default 0.9. */
  readonly momentum?: number;
  /** Of sgd, default false. */
  readonly nesterov?: boolean;
  /** Of weights, not of norms and biases, 0 to 1; default 1e-4 for sgd, 0.01 for adamw and lamb, 0 for rmsprop. */
  readonly weightDecay?: number;
  /** Share of the phase in which the rate rises to the peak first, 0 to 1, default 0; for schedules without a `warmup` of their own. `oneCycle` rises by itself. */
  readonly warmup?: number;
  /** Default `crossEntropy`. A name alone takes the loss' defaults. */
  readonly loss?: LossName | Loss;
  /** Learn from another model too. Default: from the labels alone. */
  readonly distillation?: Distillation;
  /** Share of each target that is spread over all classes, 0 to 1; default 0. */
  readonly labelSmoothing?: number;
  /**
   * Weight of each class in the loss. Losses of softmax divide by the sum of the labels' weights, as PyTorch does; those of sigmoids weigh
   * each class's part. Default: all alike.
   */
  readonly classWeights?: ClassWeights;
  /** Default `shuffle`. `balanced` shows as many images of each class, those of small classes several times an epoch. */
  readonly sampling?: Sampling;
  /** Largest norm of all gradients together; default 0: no limit, for lamb 1. */
  readonly maxNorm?: number;
  /** Each block learns at this part of the rate of the block behind it, above 0 to 1; the last at this part of the head's. Default: see `Phase.lrMult`. @see timm `layer_decay` */
  readonly layerDecay?: number;
  /** Averages of the weights, which are measured and saved in their place. `true` for the defaults; default false. */
  readonly ema?: boolean | Ema;
  /** Probability of dropout before the classifier, 0 to below 1; default the network's own. @see timm `drop_rate` */
  readonly dropRate?: number;
  /**
   * Stochastic depth: probability with which the last residual block of an image is left out, 0 to below 1, of the first one 0; default 0. For ResNet,
   * RegNet, MobileNet and EfficientNet, ConvNeXt and vision transformers. @see timm `drop_path_rate`; torchvision `stochastic_depth_prob`
   */
  readonly dropPathRate?: number;
  /** `train`: statistics of each batch; `frozen`: those of the checkpoint. Default `frozen` below 10,000 training images for weights that came trained, else `train`. */
  readonly batchNorm?: "frozen" | "train";
  /**
   * Keeps few activations and computes the others again in the backward part: much less memory for about a fifth more work, and the
   * same bits. Default false.
   */
  readonly gradientCheckpointing?: boolean;
  /** What is done to training images, in place of `augmentation`. */
  readonly transforms?: readonly Transform[];
  /** How training images vary: options of the model's `trainingTransforms`. */
  readonly augmentation?: Augmentation;
  /** Mixup and cutmix, where all layers learn. A training's accuracy is then that of the class with the greater share. Default none. */
  readonly mixing?: Partial<Mixing>;
  /**
   * So many differently augmented copies of an image stand side by side in an epoch, which then has as many fewer different images; 1 to 64,
   * default 1. Where all layers learn. @see Hoffer et al. 2019, "Augment your batch"; timm `RepeatAugSampler`
   */
  readonly repeats?: number;
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
  /** Of the last step's batch alone. */
  readonly batchLoss: number;
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

/** Options that are only there where they are given; what was trained without them is the same as before there were any. */
type Extras = "accumulate" | "loss" | "classWeights" | "sampling" | "layerDecay" | "dropRate" | "dropPathRate" | "repeats";

/** What decides the result: stored in checkpoints, and compared when training resumes. */
export type Settings = Required<
  Omit<
    TrainerOptions,
    | "build"
    | "gradientCheckpointing"
    | "checkpoint"
    | "imageCache"
    | "signal"
    | "onProgress"
    | "onPrepare"
    | "onNotice"
    | "epochs"
    | "lr"
    | "schedule"
    | "ema"
    | "augmentation"
    | "mixing"
    | "distillation"
    | Extras
  >
> &
  Pick<TrainerOptions, Extras> & { readonly ema?: Required<Ema>; readonly mixing?: Mixing; readonly distillation?: DistillationSettings };

/** A value, unless it is the one that is meant where nothing is said. */
const other = <T>(value: T | undefined, usual: T) => (JSON.stringify(value) === JSON.stringify(usual) ? undefined : value);
/** The largest probability that is not certain. */
const below1 = 1 - 2 ** -32;

/** All options with their defaults. @throws {ArgumentError} for a value outside its range, naming option and value */
export function resolveSettings(options: TrainerOptions, batchNorm: "frozen" | "train", model: Model): Settings {
  const optimizer = checkedOptimizer(options.optimizer ?? "sgd");
  const usual = trainerDefaults[typeof optimizer === "string" ? optimizer : optimizer.name];
  const phase: Phase = {
    name: "all",
    epochs: options.epochs ?? 10,
    train: "all",
    lr: options.lr ?? usual.lr,
    lrMult: 1,
    schedule: options.schedule ?? "oneCycle",
  };
  const settings: Settings = {
    phases: options.phases ?? [phase],
    batchSize: options.batchSize ?? 32,
    optimizer,
    momentum: options.momentum ?? 0.9,
    nesterov: options.nesterov ?? false,
    weightDecay: options.weightDecay ?? usual.weightDecay,
    warmup: options.warmup ?? 0,
    labelSmoothing: options.labelSmoothing ?? 0,
    maxNorm: options.maxNorm ?? usual.maxNorm,
    batchNorm,
    transforms: options.transforms ?? trainingTransforms(model.preprocessing, options.augmentation),
    patience: options.patience ?? 0,
    badImages: options.badImages ?? "error",
    seed: options.seed ?? 0,
    // Absent as long as nothing is asked for, so that checkpoints from before these options resume.
    accumulate: other(options.accumulate, 1),
    loss: options.loss === undefined ? undefined : other(checkedLoss(options.loss), { name: "crossEntropy" }),
    classWeights: options.classWeights,
    sampling: other(options.sampling, "shuffle"),
    layerDecay: options.layerDecay,
    ema: options.ema ? checkedEma(options.ema) : undefined,
    distillation: options.distillation && distillationSettings(options.distillation, model),
    dropRate: options.dropRate,
    dropPathRate: other(options.dropPathRate, 0),
    mixing: options.mixing && checkedMixing(options.mixing),
    repeats: other(options.repeats, 1),
  };
  const again = settings.mixing ? "mixing" : settings.repeats ? "repeats" : settings.sampling ? "sampling" : undefined;
  if (settings.distillation?.views && again)
    throw new ArgumentError(
      `train: distillation: views are pictures that are shown again, ${again} makes others each time: expected views 0 beside it, got ${settings.distillation.views}`,
    );
  if (settings.distillation && settings.phases.every(({ train }) => train === "head"))
    throw new ArgumentError("train: distillation: phases that train only the head learn without a teacher; expected one in which all layers learn");
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
  range("accumulate", settings.accumulate ?? 1, 1, 65536, true);
  range("dropRate", settings.dropRate ?? 0, 0, below1);
  range("dropPathRate", settings.dropPathRate ?? 0, 0, below1);
  range("repeats", settings.repeats ?? 1, 1, 64, true);
  range("layerDecay", settings.layerDecay ?? 1, 1e-6, 1);
  const choice = (name: string, value: string, choices: readonly string[]) => {
    if (!choices.includes(value)) throw new ArgumentError(`train: ${name} expected ${choices.join(" or ")}, got ${JSON.stringify(value)}`);
  };
  choice("batchNorm", batchNorm, ["frozen", "train"]);
  choice("badImages", settings.badImages, ["error", "skip"]);
  if (options.imageCache !== undefined) range("imageCache", options.imageCache, 0, Number.MAX_SAFE_INTEGER, true);
  if (options.build !== undefined) choice("build", options.build, buildChoices);
  if (options.transforms && options.augmentation) throw new ArgumentError("train: expected transforms or augmentation, got both");
  if (settings.nesterov && settings.momentum === 0) throw new ArgumentError("train: nesterov needs a momentum above 0");
  for (const { name, epochs, train, lr, lrMult, schedule, regression } of settings.phases) {
    range(`${name}: epochs`, epochs, 0, 100_000, true);
    range(`${name}: lr`, lr, 0, 1000);
    range(`${name}: lrMult`, lrMult, 1, 1e9);
    choice(`${name}: train`, train, ["head", "all"]);
    checkedSchedule(name, schedule);
    if (regression) checkRegression(name, regression);
    if (regression && !(train === "head" && hasLinearHead(model)))
      throw new ArgumentError(`train: ${name}: regression: expected train "head" and a head of one linear layer, got "${train}" in ${model.architecture.name}`);
    if (settings.layerDecay !== undefined && lrMult !== 1)
      throw new ArgumentError(`train: ${name}: lrMult expected 1 beside layerDecay, which says how blocks learn, got ${lrMult}`);
  }
  return settings;
}
