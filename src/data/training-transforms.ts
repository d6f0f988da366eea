import { normalize, type Preprocessing } from "./preprocessing.js";
import type { Transform } from "./transforms/definition.js";
import { RandomErasing } from "./transforms/erase.js";
import { RandomHorizontalFlip } from "./transforms/flip.js";
import type { Pipeline } from "./transforms/index.js";
import { RandomResizedCrop } from "./transforms/resize.js";

/** How training images vary. */
export interface Augmentation {
  /** Share of the image's area that is kept (default 0.08 to 1). */
  readonly scale?: readonly [low: number, high: number];
  /** Width / height of the part that is kept (default 3/4 to 4/3). */
  readonly ratio?: readonly [low: number, high: number];
  /** Probability of a horizontal flip (default 0.5). */
  readonly flip?: number;
  /** Automatic augmentation behind the flip, such as `transforms.autoAugmentation("rand-m9-mstd0.5-inc1")`; default none. */
  readonly auto?: Transform;
  /** Further steps on bytes, between that and normalisation. */
  readonly extra?: Pipeline;
  /** Probability that a random rectangle is erased after normalisation (default 0). */
  readonly erasing?: number;
}

/** The pipeline for training: a random part, resized to the network's input, flipped at random, normalised. @throws {ArgumentError} */
export function trainingTransforms(preprocessing: Preprocessing, { scale, ratio, flip = 0.5, auto, extra = [], erasing = 0 }: Augmentation = {}): Pipeline {
  const { crop, interpolation } = preprocessing;
  return [
    RandomResizedCrop(crop, { scale, ratio, interpolation }),
    ...(flip > 0 ? [RandomHorizontalFlip({ p: flip })] : []),
    ...(auto ? [auto] : []),
    ...extra,
    normalize(preprocessing),
    ...(erasing > 0 ? [RandomErasing({ p: erasing })] : []),
  ];
}
