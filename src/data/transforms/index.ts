/**
 * Public as `transforms`: torchvision v2 names, parameters (in camelCase) and defaults. What each function returns is plain data.
 *
 * Where torchvision's results depend on the kind of image, these follow:
 * - Resize, RandomResizedCrop, RandomRotation, RandomAffine, CenterCrop, Pad: a Pillow image, bit for bit. Resizing is always antialiased.
 * - ColorJitter, RandomGrayscale: a uint8 tensor (transforms/functional_tensor.py), bit for bit; the mean that contrast refers to is exact.
 * - RandAugment, TrivialAugmentWide, AutoAugment, AugMix and timm's forms of them: Pillow images, bit for bit.
 * - GaussianBlur: a uint8 tensor, within one level where a sum lies on a half.
 * - Normalize: ToTensor and Normalize in one, to the float.
 * - RandomErasing: on floats as torchvision; on bytes (before Normalize) the value is cut to a whole level.
 *
 * Random parameters have the ranges, distributions and order of torchvision's `get_params`, drawn by our own generator.
 */
export { autoAugmentation } from "./augmentation-string.js";
export { GaussianBlur } from "./blur.js";
export { Compose, parsePipeline, RandomApply } from "./catalogue.js";
export { ColorJitter, RandomGrayscale } from "./color.js";
export { CenterCrop, CornerCrop, Pad, RandomCrop } from "./crop.js";
export type { Transform } from "./definition.js";
export { RandomErasing } from "./erase.js";
export { RandomHorizontalFlip, RandomVerticalFlip } from "./flip.js";
export { Normalize } from "./normalize.js";
export type { Pipeline } from "./pipeline.js";
export { AugMix, AutoAugment, RandAugment, TrivialAugmentWide } from "./policies.js";
export type { Interpolation } from "./resample.js";
export { RandomResizedCrop, Resize } from "./resize.js";
export { RandomAffine, RandomRotation } from "./warp.js";
