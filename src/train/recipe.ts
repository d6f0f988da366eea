import { aBoolean, aNumber, anObject, aString, aWhole, byKind, listOf, oneOf, parseJson, record } from "../core/json-check.js";
import type { PreprocessingName } from "../data/preprocessing.js";
import type { Distillation } from "./distillation.js";
import type { TrainerOptions } from "./options.js";

/** A whole training in one JSON file: `ocelli train --recipe`. Paths are those of the folder that it is run in. */
export interface Recipe {
  readonly version: 1;
  readonly model: {
    /** Architecture; default that of the weights. */
    readonly name?: string;
    /** To start from: a file, folder, URL, repository, name with a tag, or `random` (default). */
    readonly weights?: string;
    /** Side of the network's input in pixels. */
    readonly imageSize?: number;
    readonly preprocessing?: PreprocessingName;
  };
  readonly data: {
    /** A folder with one sub-folder per class, a .csv or a .tar. */
    readonly train: string;
    /** Images to measure on, such; or the share of the data that is held out where it has no split of its own (default 0.2). */
    readonly validation?: string | number;
  };
  /** Of split, new weights, order, augmentation and dropout; default 0. */
  readonly seed?: number;
  /** The trainer's options. A teacher is told as its file or name. */
  readonly training: RecipeTraining;
  readonly save?: { readonly dtype?: "float32" | "float16" | "bfloat16"; readonly notes?: Readonly<Record<string, string>> };
}

type Plain = Omit<TrainerOptions, "seed" | "distillation" | "checkpoint" | "signal" | "onProgress" | "onPrepare" | "onNotice">;
export interface RecipeTraining extends Plain {
  readonly distillation?: Omit<Distillation, "teacher"> & { readonly teacher: string };
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
});
const step = record({ "name!": aString });
const transform: typeof step = (value, at, fail) => {
  anObject(value, at, fail);
  step({ name: (value as { name?: unknown }).name }, at, fail);
};
const recipe = record({
  "version!": oneOf(1),
  "model!": record({ name: aString, weights: aString, imageSize: aWhole(1, 4096), preprocessing: aString }),
  "data!": record({ "train!": aString, validation: byKind({ string: aString, number: share }) }),
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
    mixing: anObject,
    patience: aWhole(0),
    badImages: oneOf("error", "skip"),
    build: oneOf("auto", "simd", "relaxed", "turbo"),
    imageCache: aWhole(0),
    distillation: record({
      "teacher!": aString,
      teacherSize: size,
      logits: byKind({ boolean: oneOf(false), object: record({ weight: share, temperature: aNumber(1e-3, 1000), classes: anObject }) }),
      embedding: record({ weight: aNumber(0, 1e6), loss: oneOf("cosine", "mse") }),
      views: aWhole(0, 65536),
      cacheBytes: aWhole(0),
    }),
  }),
  save: record({ dtype: oneOf("float32", "float16", "bfloat16"), notes: anObject }),
});

/** Reads a recipe. What only the network and the data can tell is checked by the trainer. @throws {FormatError} saying where in the file what was expected and found */
export function parseRecipe(text: string, name = "recipe"): Recipe {
  return parseJson(text, recipe, { what: "recipe", name }) as Recipe;
}
