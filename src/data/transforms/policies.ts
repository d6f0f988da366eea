import { ArgumentError } from "../../core/errors.js";
import {
  checkChoice,
  checkFill,
  checkFlag,
  checkInterpolation,
  checkNumber,
  checkProbability,
  type DescribedDefinition,
  describe,
  type Fill,
  type WarpInterpolation,
  warpInterpolations,
} from "./definition.js";

/** Automatic augmentation as data: what it draws and does is in augment/, which is loaded with the first pipeline that has such a step. */

interface Warping {
  /** Of the operations that move pixels. */
  interpolation: WarpInterpolation;
  /** Of what comes from outside the image. */
  fill: Fill;
}

function checkWarping(name: string, { interpolation, fill }: Warping): void {
  checkInterpolation(`${name}: interpolation`, interpolation, warpInterpolations);
  checkFill(`${name}: fill`, fill);
}

export interface RandAugmentParameters extends Warping {
  numOps: number;
  magnitude: number;
  numMagnitudeBins: number;
}

const checkBins = (where: string, bins: unknown) => checkNumber(where, bins, { least: 2, most: 65536, whole: true });

export const randAugment: DescribedDefinition<RandAugmentParameters> = {
  name: "RandAugment",
  defaults: { numOps: 2, magnitude: 9, numMagnitudeBins: 31, interpolation: "nearest", fill: 0 },
  check(parameters) {
    const { numOps, magnitude, numMagnitudeBins } = parameters;
    checkNumber("RandAugment: numOps", numOps, { least: 0, most: 100, whole: true });
    checkBins("RandAugment: numMagnitudeBins", numMagnitudeBins);
    checkNumber("RandAugment: magnitude", magnitude, { least: 0, most: numMagnitudeBins - 1, whole: true });
    checkWarping("RandAugment", parameters);
  },
};

/**
 * Some operations of fourteen, drawn anew for each image, all equally strong (Cubuk et al. 2019).
 * @param options.numOps how many one after another (default 2)
 * @param options.magnitude place of the strength among `numMagnitudeBins` (default 9 of 31)
 */
export const RandAugment = (options: Partial<RandAugmentParameters> = {}) => describe(randAugment, options);

export interface TrivialAugmentWideParameters extends Warping {
  numMagnitudeBins: number;
}

export const trivialAugmentWide: DescribedDefinition<TrivialAugmentWideParameters> = {
  name: "TrivialAugmentWide",
  defaults: { numMagnitudeBins: 31, interpolation: "nearest", fill: 0 },
  check(parameters) {
    checkBins("TrivialAugmentWide: numMagnitudeBins", parameters.numMagnitudeBins);
    checkWarping("TrivialAugmentWide", parameters);
  },
};

/** One operation of fourteen, of random strength, from a wide range (Müller and Hutter 2021). */
export const TrivialAugmentWide = (options: Partial<TrivialAugmentWideParameters> = {}) => describe(trivialAugmentWide, options);

export interface AutoAugmentParameters extends Warping {
  policy: "imagenet" | "cifar10" | "svhn";
}

export const autoAugmentPolicyNames = ["imagenet", "cifar10", "svhn"] as const;

export const autoAugment: DescribedDefinition<AutoAugmentParameters> = {
  name: "AutoAugment",
  defaults: { policy: "imagenet", interpolation: "nearest", fill: 0 },
  check(parameters) {
    checkChoice("AutoAugment: policy", parameters.policy, autoAugmentPolicyNames);
    checkWarping("AutoAugment", parameters);
  },
};

/** One of 25 pairs of operations that were found for a data set (Cubuk et al. 2018). @param options.policy default `"imagenet"` */
export const AutoAugment = (options: Partial<AutoAugmentParameters> = {}) => describe(autoAugment, options);

export interface AugMixParameters extends Warping {
  severity: number;
  mixtureWidth: number;
  chainDepth: number;
  alpha: number;
  allOps: boolean;
}

function checkDepth(where: string, depth: number): void {
  checkNumber(where, depth, { least: -1, most: 100, whole: true });
  if (depth === 0) throw new ArgumentError(`${where}: expected a number of operations or -1, got 0`);
}

export const augMix: DescribedDefinition<AugMixParameters> = {
  name: "AugMix",
  defaults: { severity: 3, mixtureWidth: 3, chainDepth: -1, alpha: 1, allOps: true, interpolation: "bilinear", fill: 0 },
  check(parameters) {
    const { severity, mixtureWidth, chainDepth, alpha, allOps } = parameters;
    checkNumber("AugMix: severity", severity, { least: 1, most: 10, whole: true });
    checkNumber("AugMix: mixtureWidth", mixtureWidth, { least: 1, most: 100, whole: true });
    checkDepth("AugMix: chainDepth", chainDepth);
    checkNumber("AugMix: alpha", alpha, { above: 0 });
    checkFlag("AugMix: allOps", allOps);
    checkWarping("AugMix", parameters);
  },
};

/**
 * Mixes the image with chains of operations on it (Hendrycks et al. 2019).
 * @param options.severity strongest of ten strengths (default 3)
 * @param options.mixtureWidth chains (default 3)
 * @param options.chainDepth operations of a chain, -1 (default) for 1 to 3 at random
 * @param options.alpha of the beta and Dirichlet distributions of the shares (default 1)
 * @param options.allOps also brightness, colour, contrast and sharpness (default)
 */
export const AugMix = (options: Partial<AugMixParameters> = {}) => describe(augMix, options);

interface TimmParameters {
  /** Of the operations that move pixels; `random` draws bilinear or bicubic each time, as timm does. */
  interpolation: WarpInterpolation | "random";
  fill: Fill;
  /** Standard deviation of a magnitude, or `uniform`: from 0 to the magnitude, each equally likely. */
  magnitudeStd: number | "uniform";
}

const timmDefaults = { interpolation: "random", fill: 128, magnitudeStd: 0 } as const;

function checkTimm(name: string, { interpolation, fill, magnitudeStd }: TimmParameters): void {
  checkInterpolation(`${name}: interpolation`, interpolation, [...warpInterpolations, "random"]);
  checkFill(`${name}: fill`, fill);
  if (magnitudeStd !== "uniform") checkNumber(`${name}: magnitudeStd`, magnitudeStd, { least: 0 });
}

export interface TimmRandAugmentParameters extends TimmParameters {
  magnitude: number;
  magnitudeMax: number;
  numLayers: number;
  p: number;
  increasing: boolean;
  transforms: "all" | "weights" | "3a" | "3aw";
}

/** How many operations each set has; from weighted ones none is drawn twice. */
const weightedSets: Readonly<Record<string, number>> = { weights: 15, "3aw": 14 };

export const timmRandAugment: DescribedDefinition<TimmRandAugmentParameters> = {
  name: "TimmRandAugment",
  defaults: { magnitude: 10, magnitudeMax: 10, numLayers: 2, p: 0.5, increasing: false, transforms: "all", ...timmDefaults },
  check(parameters) {
    const { magnitude, magnitudeMax, numLayers, p, increasing, transforms } = parameters;
    checkNumber("TimmRandAugment: magnitude", magnitude, { least: 0, whole: true });
    checkNumber("TimmRandAugment: magnitudeMax", magnitudeMax, { above: 0 });
    checkChoice("TimmRandAugment: transforms", transforms, ["all", "weights", "3a", "3aw"]);
    checkNumber("TimmRandAugment: numLayers", numLayers, { least: 0, most: weightedSets[transforms] ?? 100, whole: true });
    checkProbability("TimmRandAugment: p", p);
    checkFlag("TimmRandAugment: increasing", increasing);
    checkTimm("TimmRandAugment", parameters);
  },
};

export interface TimmAugMixParameters extends TimmParameters {
  magnitude: number;
  width: number;
  depth: number;
  alpha: number;
  blended: boolean;
}

export const timmAugMix: DescribedDefinition<TimmAugMixParameters> = {
  name: "TimmAugMix",
  defaults: { magnitude: 3, width: 3, depth: -1, alpha: 1, blended: false, ...timmDefaults, magnitudeStd: "uniform" },
  check(parameters) {
    const { magnitude, width, depth, alpha, blended } = parameters;
    checkNumber("TimmAugMix: magnitude", magnitude, { least: 0, whole: true });
    checkNumber("TimmAugMix: width", width, { least: 1, most: 100, whole: true });
    checkDepth("TimmAugMix: depth", depth);
    checkNumber("TimmAugMix: alpha", alpha, { above: 0 });
    checkFlag("TimmAugMix: blended", blended);
    checkTimm("TimmAugMix", parameters);
  },
};

export interface TimmAutoAugmentParameters extends TimmParameters {
  policy: "original" | "originalr" | "v0" | "v0r" | "3a";
}

export const timmPolicyNames = ["original", "originalr", "v0", "v0r", "3a"] as const;

export const timmAutoAugment: DescribedDefinition<TimmAutoAugmentParameters> = {
  name: "TimmAutoAugment",
  defaults: { policy: "v0", ...timmDefaults },
  check(parameters) {
    checkChoice("TimmAutoAugment: policy", parameters.policy, timmPolicyNames);
    checkTimm("TimmAutoAugment", parameters);
  },
};

/** Every policy, for pipelines that are read back. */
export const policies = [randAugment, trivialAugmentWide, autoAugment, augMix, timmRandAugment, timmAugMix, timmAutoAugment];
