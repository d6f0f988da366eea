/** Public as `transforms`: torchvision v2 names, parameters and defaults; what each returns is plain data. */
export { GaussianBlur } from "./blur.js";
export { ColorJitter, RandomGrayscale } from "./color.js";
export { CenterCrop, Pad, RandomCrop } from "./crop.js";
export type { Transform } from "./definition.js";
export { RandomErasing } from "./erase.js";
export { RandomHorizontalFlip, RandomVerticalFlip } from "./flip.js";
export { Normalize } from "./normalize.js";
export { Compose, type Pipeline, parsePipeline, RandomApply } from "./pipeline.js";
export type { Interpolation } from "./resample.js";
export { RandomResizedCrop, Resize } from "./resize.js";
export { RandomAffine, RandomRotation } from "./warp.js";
