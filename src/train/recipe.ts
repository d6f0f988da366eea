import { aBoolean, aNumber, anObject, aString, aWhole, byKind, listOf, oneOf, parseJson, record } from "../core/json-check.js";
import { ArgumentError, FormatError } from "../core/errors.js";
import type { PreprocessingName } from "../data/preprocessing.js";
import { autoAugmentation } from "../data/transforms/augmentation-string.js";
import { parsePipeline } from "../data/transforms/catalogue.js";
import type { Transform } from "../data/transforms/index.js";
import type { ArchitectureOptions } from "../nn/architecture.js";
import type { Distillation } from "./distillation.js";
import type { TrainerOptions } from "./options.js";
import { mostViews } from "./regression.js";

/** A whole training in one JSON file: `ocelli train --recipe`. Paths are those of the folder that it is run in. */
export interface Recipe {
  readonly version: 1;
  readonly model: {
    /** Architecture; default that of the weights. */
    readonly name?: string;
    /** Of the architecture's family, such as `{ "dropout": 0.2 }`; default those of the weights. */
    readonly options?: ArchitectureOptions;
    /** To start from: a file, folder, URL, repository, name with a tag, `random` (default), or what another recipe makes. */
    readonly weights?: string | RecipeStage;
    /** Side of the network's input in pixels. */
    readonly imageSize?: number;
    readonly preprocessing?: PreprocessingName;
  };
  readonly data: {
    /** A folder with one sub-folder per class, a .csv or a .tar; or several archives, or a part of some. */
    readonly train: string | RecipeShards;
    /** Images to measure on, such; or the share of the data that is held out where it has no split of its own (default 0.2). */
    readonly validation?: string | number | RecipeShards;
  };
  /** Of split, new weights, order, augmentation and dropout; default 0. */
  readonly seed?: number;
  /** The trainer's options. A teacher is told as its file or name, or by what it is. */
  readonly training: RecipeTraining;
  readonly save?: { readonly dtype?: "float32" | "float16" | "bfloat16"; readonly notes?: Readonly<Record<string, string>> };
}

/** A training before this one. */
export interface RecipeStage {
  /** File of its recipe. */
  readonly recipe: string;
  /** Where its model is kept; it is trained first where there is none. */
  readonly file: string;
}

/** Tar archives, as `TarShards.open` takes them. */
export interface RecipeShards {
  /** Path of the archives, in which `{0..3}` stands for that run of numbers, or a pattern; or several such. */
  readonly shards: string | readonly string[];
  /** Only members whose path begins so; default: all. */
  readonly prefix?: string;
  /** Member of a sample's `.json` that has its label; default "label". */
  readonly labelKey?: string;
}

/** A teacher whose file does not say all that is needed. */
export interface RecipeTeacher {
  /** Architecture of the weights. */
  readonly name: string;
  readonly weights: string;
  /** Of the architecture's family, such as `{ "padding": "same" }`. */
  readonly options?: ArchitectureOptions;
  readonly preprocessing?: PreprocessingName;
}

type Plain = Omit<TrainerOptions, "seed" | "distillation" | "checkpoint" | "signal" | "onProgress" | "onPrepare" | "onNotice">;
export interface RecipeTraining extends Plain {
  readonly distillation?: Omit<Distillation, "teacher"> & { readonly teacher: string | RecipeTeacher };
}

const share = aNumber(0, 1);
const rate = aNumber(0, 1000);
const named = byKind({ string: aString, object: anObject });
const size = byKind({ number: aWhole(1, 4096), list: listOf(aWhole(1, 4096), 2) });
const phase = record({
  "name!": aString,
  "epochs!": aWhole(0, 100_000),
  "train!": oneOf("head", "all"),
  "lr!": rate,
  "lrMult!": aNumber(1, 1e9),
  "schedule!": named,
  imageSize: size,
  regression: record({ "penalty!": rate, "views!": aWhole(1, mostViews) }),
});
const step = record({ "name!": aString });
const transform: typeof step = (value, at, fail) => {
  anObject(value, at, fail);
  step({ name: (value as { name?: unknown }).name }, at, fail);
};
const shards = record({ "shards!": byKind({ string: aString, list: listOf(aString, 1) }), prefix: aString, labelKey: aString });
const stage = record({ "recipe!": aString, "file!": aString });
const teacher = record({ "name!": aString, "weights!": aString, options: anObject, preprocessing: aString });
const recipe = record({
  "version!": oneOf(1),
  "model!": record({
    name: aString,
    options: anObject,
    weights: byKind({ string: aString, object: stage }),
    imageSize: aWhole(1, 4096),
    preprocessing: aString,
  }),
  "data!": record({ "train!": byKind({ string: aString, object: shards }), validation: byKind({ string: aString, number: share, object: shards }) }),
  seed: aWhole(0),
  "training!": record({
    epochs: aWhole(0, 100_000),
    lr: rate,
    schedule: named,
    phases: listOf(phase, 1),
    batchSize: aWhole(1, 65536),
    accumulate: aWhole(1, 65536),
    optimizer: named,
    momentum: share,
    nesterov: aBoolean,
    weightDecay: share,
    warmup: share,
    loss: named,
    labelSmoothing: share,
    classWeights: byKind({ string: oneOf("balanced"), list: listOf(aNumber(0, Number.MAX_VALUE)) }),
    sampling: byKind({ string: oneOf("shuffle", "balanced"), object: record({ "classWeights!": listOf(aNumber(0, Number.MAX_VALUE)) }) }),
    repeats: aWhole(1, 65536),
    maxNorm: aNumber(0, Number.MAX_VALUE),
    layerDecay: share,
    ema: byKind({ boolean: aBoolean, object: anObject }),
    dropRate: share,
    dropPathRate: share,
    batchNorm: oneOf("frozen", "train"),
    gradientCheckpointing: aBoolean,
    transforms: listOf(transform),
    augmentation: record({
      scale: listOf(aNumber(0, 1), 2),
      ratio: listOf(aNumber(0, 100), 2),
      flip: share,
      auto: byKind({ string: aString, object: transform }),
      extra: listOf(transform),
      erasing: share,
    }),
    mixing: byKind({ boolean: oneOf(false), object: anObject }),
    patience: aWhole(0),
    badImages: oneOf("error", "skip"),
    build: oneOf("auto", "simd", "relaxed", "turbo"),
    imageCache: aWhole(0),
    distillation: record({
      "teacher!": byKind({ string: aString, object: teacher }),
      teacherSize: size,
      logits: byKind({ boolean: oneOf(false), object: record({ weight: share, temperature: aNumber(1e-3, 1000), classes: anObject }) }),
      embedding: record({ weight: aNumber(0, 1e6), loss: oneOf("cosine", "mse") }),
      views: aWhole(0, 65536),
      answers: aString,
      cacheBytes: aWhole(0),
    }),
  }),
  save: record({ dtype: oneOf("float32", "float16", "bfloat16"), notes: anObject }),
});

/**
 * Reads a recipe; its transforms have all their parameters then. What only the network and the data can tell is checked by the trainer.
 *
 * @throws {FormatError} saying where in the file what was expected and found
 */
export function parseRecipe(text: string, name = "recipe"): Recipe {
  const { training, ...rest } = parseJson(text, recipe, { what: "recipe", name }) as Recipe;
  try {
    return { ...rest, training: withTransforms(training) };
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new FormatError(`recipe: ${cause.message} (${name})`, { cause });
  }
}

function withTransforms({ transforms, augmentation, ...training }: RecipeTraining): RecipeTraining {
  const { extra, auto } = augmentation ?? {};
  const policy = (given: Transform | string) => (typeof given === "string" ? autoAugmentation(given) : parsePipeline([given], "training.augmentation.auto")[0]);
  return {
    ...training,
    ...(transforms && { transforms: parsePipeline(transforms, "training.transforms") }),
    ...(augmentation && {
      augmentation: {
        ...augmentation,
        ...(extra && { extra: parsePipeline(extra, "training.augmentation.extra") }),
        ...(auto && { auto: policy(auto) }),
      },
    }),
  };
}
