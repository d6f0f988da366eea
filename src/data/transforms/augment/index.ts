import { augmentingSteps } from "../steps.js";
import type { Definition } from "../definition.js";
import { timmAugMixing, timmAutoAugmenting, timmRandAugmenting } from "./timm.js";
import { augMixing, autoAugmenting, randAugmenting, trivialAugmenting } from "./torchvision.js";

/** The steps that only training and test-time augmentation take, in a bundle of their own for workers: it comes with the first pipeline that has one. */
export const definitions = [
  ...augmentingSteps,
  randAugmenting,
  trivialAugmenting,
  autoAugmenting,
  augMixing,
  timmRandAugmenting,
  timmAugMixing,
  timmAutoAugmenting,
] as unknown as readonly Definition<object, unknown>[];
