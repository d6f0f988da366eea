import { ArgumentError } from "../core/errors.js";
import { checkedMixing, type Mixing } from "../data/mixing.js";
import { trainingTransforms } from "../data/training-transforms.js";
import type { Model } from "../model/model.js";
import { checkedOptimizer, trainerDefaults } from "../optim/optimizer.js";
import { buildChoices } from "../runtime/choose-build.js";
import { checkedEma, type Ema } from "./averages.js";
import { type DistillationSettings, distillationSettings } from "./distillation.js";
import { checkedLoss } from "./loss.js";
import { trainingSize } from "./image-size.js";
import type { Phase, TrainerOptions, TrainingData } from "./options.js";
import { checkRegression, hasLinearHead } from "./regression.js";
import { checkClassWeights } from "./sampling.js";
import { checkedSchedule, fallsOnPlateaus } from "./schedules.js";

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
    mixing: options.mixing ? checkedMixing(options.mixing) : undefined,
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
      const bounds = high >= Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`;
      throw new ArgumentError(`train: ${name} expected a ${whole ? "whole " : ""}number ${bounds}, got ${value}`);
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

/** @throws {ArgumentError} for settings that ask for what the data or the network does not have */
export function checkData({ patience, phases, classWeights, sampling }: Settings, model: Model, { train, validation }: TrainingData): void {
  model.labelIndices([...train.classes, ...(validation?.classes ?? [])]);
  const needy = patience > 0 ? "patience" : phases.some(({ schedule }) => fallsOnPlateaus(schedule)) ? "a plateau schedule" : undefined;
  if (needy && !validation?.length) throw new ArgumentError(`train: ${needy} needs validation images to measure on`);
  checkClassWeights("classWeights", classWeights, train.classes.length);
  checkClassWeights("sampling", typeof sampling === "object" ? sampling.classWeights : sampling, train.classes.length);
  for (const phase of phases) trainingSize(model, phase);
}
