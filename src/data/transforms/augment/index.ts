import { gaussianBlurring } from "../blur.js";
import { colorJitter, randomGrayscale } from "../color.js";
import { cornerCrop, pad, randomCrop } from "../crop.js";
import type { Definition } from "../definition.js";
import { randomErasing } from "../erase.js";
import { randomVerticalFlip } from "../flip.js";
import { randomAffine, randomRotation } from "../warp.js";
import { timmAugMixing, timmAutoAugmenting, timmRandAugmenting } from "./timm.js";
import { augMixing, autoAugmenting, randAugmenting, trivialAugmenting } from "./torchvision.js";

/** The steps that only training and test-time augmentation take, in a bundle of their own for workers: it comes with the first pipeline that has one. */
export const definitions = [
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
  randAugmenting,
  trivialAugmenting,
  autoAugmenting,
  augMixing,
  timmRandAugmenting,
  timmAugMixing,
  timmAutoAugmenting,
] as unknown as readonly Definition<object, unknown>[];
