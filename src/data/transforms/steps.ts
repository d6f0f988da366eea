import { gaussianBlurring } from "./blur.js";
import { colorJitter, randomGrayscale } from "./color.js";
import { centerCrop, cornerCrop, pad, randomCrop } from "./crop.js";
import type { Definition } from "./definition.js";
import { randomErasing } from "./erase.js";
import { randomHorizontalFlip, randomVerticalFlip } from "./flip.js";
import { normalizing } from "./normalize.js";
import { randomResizedCrop, resizing } from "./resize.js";
import { randomAffine, randomRotation } from "./warp.js";

/** Of any parameters. */
type Step = Definition<object, unknown>;

/** Steps that nearly every pipeline has. */
export const basicSteps = [resizing, centerCrop, randomResizedCrop, randomHorizontalFlip, normalizing] as unknown as readonly Step[];

/** Steps, beside the policies, that only training and test-time augmentation take. */
export const augmentingSteps = [
  cornerCrop,
  randomCrop,
  pad,
  randomVerticalFlip,
  randomRotation,
  randomAffine,
  colorJitter,
  randomGrayscale,
  gaussianBlurring,
  randomErasing,
] as unknown as readonly Step[];
