import type { TimmAutoAugmentParameters } from "../policies.js";
import type { TimmOperation } from "./timm-levels.js";

/** An operation, how likely it is, and its magnitude of 0 to 10. */
type Choice = readonly [name: TimmOperation, p: number, magnitude: number];
type Policy = readonly (readonly Choice[])[];

/** A policy whose Posterize takes more bits away the larger its magnitude is. */
const increasing = (policy: Policy, name: TimmOperation): Policy =>
  policy.map((choices) => choices.map(([each, p, magnitude]) => [each === name ? "PosterizeIncreasing" : each, p, magnitude]));

/** ImageNet's policy of the AutoAugment paper. */
const original: Policy = [
  [
    ["PosterizeOriginal", 0.4, 8],
    ["Rotate", 0.6, 9],
  ],
  [
    ["Solarize", 0.6, 5],
    ["AutoContrast", 0.6, 5],
  ],
  [
    ["Equalize", 0.8, 8],
    ["Equalize", 0.6, 3],
  ],
  [
    ["PosterizeOriginal", 0.6, 7],
    ["PosterizeOriginal", 0.6, 6],
  ],
  [
    ["Equalize", 0.4, 7],
    ["Solarize", 0.2, 4],
  ],
  [
    ["Equalize", 0.4, 4],
    ["Rotate", 0.8, 8],
  ],
  [
    ["Solarize", 0.6, 3],
    ["Equalize", 0.6, 7],
  ],
  [
    ["PosterizeOriginal", 0.8, 5],
    ["Equalize", 1, 2],
  ],
  [
    ["Rotate", 0.2, 3],
    ["Solarize", 0.6, 8],
  ],
  [
    ["Equalize", 0.6, 8],
    ["PosterizeOriginal", 0.4, 6],
  ],
  [
    ["Rotate", 0.8, 8],
    ["Color", 0.4, 0],
  ],
  [
    ["Rotate", 0.4, 9],
    ["Equalize", 0.6, 2],
  ],
  [
    ["Equalize", 0, 7],
    ["Equalize", 0.8, 8],
  ],
  [
    ["Invert", 0.6, 4],
    ["Equalize", 1, 8],
  ],
  [
    ["Color", 0.6, 4],
    ["Contrast", 1, 8],
  ],
  [
    ["Rotate", 0.8, 8],
    ["Color", 1, 2],
  ],
  [
    ["Color", 0.8, 8],
    ["Solarize", 0.8, 7],
  ],
  [
    ["Sharpness", 0.4, 7],
    ["Invert", 0.6, 8],
  ],
  [
    ["ShearX", 0.6, 5],
    ["Equalize", 1, 9],
  ],
  [
    ["Color", 0.4, 0],
    ["Equalize", 0.6, 3],
  ],
  [
    ["Equalize", 0.4, 7],
    ["Solarize", 0.2, 4],
  ],
  [
    ["Solarize", 0.6, 5],
    ["AutoContrast", 0.6, 5],
  ],
  [
    ["Invert", 0.6, 4],
    ["Equalize", 1, 8],
  ],
  [
    ["Color", 0.6, 4],
    ["Contrast", 1, 8],
  ],
  [
    ["Equalize", 0.8, 8],
    ["Equalize", 0.6, 3],
  ],
];

/** ImageNet's policy of EfficientNet's training. */
const v0: Policy = [
  [
    ["Equalize", 0.8, 1],
    ["ShearY", 0.8, 4],
  ],
  [
    ["Color", 0.4, 9],
    ["Equalize", 0.6, 3],
  ],
  [
    ["Color", 0.4, 1],
    ["Rotate", 0.6, 8],
  ],
  [
    ["Solarize", 0.8, 3],
    ["Equalize", 0.4, 7],
  ],
  [
    ["Solarize", 0.4, 2],
    ["Solarize", 0.6, 2],
  ],
  [
    ["Color", 0.2, 0],
    ["Equalize", 0.8, 8],
  ],
  [
    ["Equalize", 0.4, 8],
    ["SolarizeAdd", 0.8, 3],
  ],
  [
    ["ShearX", 0.2, 9],
    ["Rotate", 0.6, 8],
  ],
  [
    ["Color", 0.6, 1],
    ["Equalize", 1, 2],
  ],
  [
    ["Invert", 0.4, 9],
    ["Rotate", 0.6, 0],
  ],
  [
    ["Equalize", 1, 9],
    ["ShearY", 0.6, 3],
  ],
  [
    ["Color", 0.4, 7],
    ["Equalize", 0.6, 0],
  ],
  [
    ["Posterize", 0.4, 6],
    ["AutoContrast", 0.4, 7],
  ],
  [
    ["Solarize", 0.6, 8],
    ["Color", 0.6, 9],
  ],
  [
    ["Solarize", 0.2, 4],
    ["Rotate", 0.8, 9],
  ],
  [
    ["Rotate", 1, 7],
    ["TranslateYRel", 0.8, 9],
  ],
  [
    ["ShearX", 0, 0],
    ["Solarize", 0.8, 4],
  ],
  [
    ["ShearY", 0.8, 0],
    ["Color", 0.6, 4],
  ],
  [
    ["Color", 1, 0],
    ["Rotate", 0.6, 2],
  ],
  [
    ["Equalize", 0.8, 4],
    ["Equalize", 0, 8],
  ],
  [
    ["Equalize", 1, 4],
    ["AutoContrast", 0.6, 2],
  ],
  [
    ["ShearY", 0.4, 7],
    ["SolarizeAdd", 0.6, 7],
  ],
  [
    ["Posterize", 0.8, 2],
    ["Solarize", 0.6, 10],
  ],
  [
    ["Solarize", 0.6, 8],
    ["Equalize", 0.6, 1],
  ],
  [
    ["Color", 0.8, 6],
    ["Rotate", 0.4, 5],
  ],
];

/** 3-Augment (Touvron et al. 2022). */
const three: Policy = [[["Solarize", 1, 5]], [["Desaturate", 1, 10]], [["GaussianBlurRand", 1, 10]]];

export const timmPolicies: Readonly<Record<TimmAutoAugmentParameters["policy"], Policy>> = {
  original,
  originalr: increasing(original, "PosterizeOriginal"),
  v0,
  v0r: increasing(v0, "Posterize"),
  "3a": three,
};

export const plainSet: readonly TimmOperation[] = [
  "AutoContrast",
  "Equalize",
  "Invert",
  "Rotate",
  "Posterize",
  "Solarize",
  "SolarizeAdd",
  "Color",
  "Contrast",
  "Brightness",
  "Sharpness",
  "ShearX",
  "ShearY",
  "TranslateXRel",
  "TranslateYRel",
];
/** Those that are stronger the larger the magnitude is. */
export const increasingSet: readonly TimmOperation[] = [
  "AutoContrast",
  "Equalize",
  "Invert",
  "Rotate",
  "PosterizeIncreasing",
  "SolarizeIncreasing",
  "SolarizeAdd",
  "ColorIncreasing",
  "ContrastIncreasing",
  "BrightnessIncreasing",
  "SharpnessIncreasing",
  "ShearX",
  "ShearY",
  "TranslateXRel",
  "TranslateYRel",
];
export const threeSet: readonly TimmOperation[] = ["SolarizeIncreasing", "Desaturate", "GaussianBlur"];
export const augMixSet: readonly TimmOperation[] = [
  "AutoContrast",
  "ColorIncreasing",
  "ContrastIncreasing",
  "BrightnessIncreasing",
  "SharpnessIncreasing",
  "Equalize",
  "Rotate",
  "PosterizeIncreasing",
  "SolarizeIncreasing",
  "ShearX",
  "ShearY",
  "TranslateXRel",
  "TranslateYRel",
];

/** How likely each operation is, relative to the others. */
export const weightedSet: Readonly<Partial<Record<TimmOperation, number>>> = {
  Rotate: 3,
  ShearX: 2,
  ShearY: 2,
  TranslateXRel: 1,
  TranslateYRel: 1,
  ColorIncreasing: 0.25,
  SharpnessIncreasing: 0.25,
  AutoContrast: 0.25,
  SolarizeIncreasing: 0.05,
  SolarizeAdd: 0.05,
  ContrastIncreasing: 0.05,
  BrightnessIncreasing: 0.05,
  Equalize: 0.05,
  PosterizeIncreasing: 0.05,
  Invert: 0.05,
};
export const weightedThreeSet: Readonly<Partial<Record<TimmOperation, number>>> = {
  SolarizeIncreasing: 6,
  Desaturate: 6,
  GaussianBlur: 6,
  Rotate: 3,
  ShearX: 2,
  ShearY: 2,
  PosterizeIncreasing: 1,
  AutoContrast: 1,
  ColorIncreasing: 1,
  SharpnessIncreasing: 1,
  ContrastIncreasing: 1,
  BrightnessIncreasing: 1,
  Equalize: 1,
  Invert: 1,
};
