import type { FileTarget, ReadableStore, WritableStore } from "../core/file-store.js";
import type { Dataset } from "../data/dataset.js";
import type { Mixing } from "../data/mixing.js";
import type { Augmentation } from "../data/training-transforms.js";
import type { Transform } from "../data/transforms/index.js";
import type { Optimizer, OptimizerName } from "../optim/optimizer.js";
import type { BuildChoice } from "../runtime/choose-build.js";
import type { Ema } from "./averages.js";
import type { Distillation } from "./distillation.js";
import type { ClassWeights, Loss, LossName } from "./loss.js";
import type { Regression } from "./regression.js";
import type { Sampling } from "./sampling.js";
import type { ScheduleName, ScheduleOptions } from "./schedules.js";

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
  /** Mixup and cutmix, where all layers learn. A training's accuracy is then that of the class with the greater share. Default `false`: none. */
  readonly mixing?: Partial<Mixing> | false;
  /**
   * So many differently augmented copies of an image stand side by side in an epoch, which then has as many fewer different images; 1 to 64,
   * default 1. Where all layers learn. @see Hoffer et al. 2019, "Augment your batch"; timm `RepeatAugSampler`
   */
  readonly repeats?: number;
  /**
   * Ends a phase when validation has not improved for so many of its epochs: no higher accuracy, nor as high a one at a lower loss. `fit` then ends with the
   * best weights of all epochs. Default 0: never.
   */
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

/**
 * After each step, and once more at the end of each epoch: then with the numbers of its last step again, `endOfEpoch`, and `validation` where
 * there are such images.
 */
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
  /** Seconds that the steps to do take, over all phases: an estimate, the rougher before the first step of all layers. Without validation. */
  readonly eta: number;
  /** True once an epoch, after its last step and its validation. */
  readonly endOfEpoch: boolean;
}

/** One epoch's record; of epochs before a resumption `imagesPerSecond` and `waiting` are 0. */
export type EpochRecord = Pick<Progress, "phase" | "epoch" | "loss" | "accuracy" | "validation" | "imagesPerSecond" | "waiting">;
