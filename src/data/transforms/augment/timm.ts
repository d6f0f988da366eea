import { beta, dirichlet } from "../../../core/distributions.js";
import type { Random } from "../../../core/random.js";
import type { Canvas, Raster } from "../canvas.js";
import type { Definition, ImageSize } from "../definition.js";
import {
  type TimmAugMixParameters,
  type TimmAutoAugmentParameters,
  type TimmRandAugmentParameters,
  timmAugMix,
  timmAutoAugment,
  timmRandAugment,
} from "../policies.js";
import { blend } from "./enhance.js";
import { applyOperations, mix, type Operation } from "./operations.js";
import { levels, operationAt, type TimmOperation } from "./timm-levels.js";
import { augMixSet, increasingSet, plainSet, threeSet, timmPolicies, weightedSet, weightedThreeSet } from "./timm-policies.js";

/** timm's auto_augment.py: how operations are drawn. */

/** What the operations of a policy share. */
interface Shared extends Pick<TimmRandAugmentParameters, "interpolation" | "magnitudeStd"> {
  readonly magnitudeMax: number;
  readonly translatePct: number;
}

const translatePct = 0.45;
/** What timm's transforms factory gives to AugMix. */
const mixingTranslatePct = 0.3;

/** An operation of random strength around the magnitude, with probability `p`: timm's AugmentOp. */
function draw(name: TimmOperation, p: number, magnitude: number, shared: Shared, size: ImageSize, random: Random): Operation[] {
  if (p < 1 && random.uniform() > p) return [];
  const { magnitudeStd: std, magnitudeMax, interpolation } = shared;
  const drawn = std === "uniform" ? random.uniform(0, magnitude) : std > 0 ? random.normal(magnitude, std) : magnitude;
  const level = Math.max(0, Math.min(drawn, magnitudeMax));
  const turned = (value: number) => (random.uniform() > 0.5 ? -value : value);
  const operation = operationAt(name, level, { translatePct: shared.translatePct, size, turned, random });
  return [{ ...operation, interpolation: interpolation === "random" ? (["bilinear", "bicubic"] as const)[random.integer(2)] : interpolation }];
}

/** `count` of the names, each as likely as its weight says, none twice. */
function drawWeighted(weights: Readonly<Partial<Record<TimmOperation, number>>>, count: number, random: Random): TimmOperation[] {
  const left = Object.entries(weights) as [TimmOperation, number][];
  return Array.from({ length: count }, () => {
    let at = random.uniform() * left.reduce((sum, [, weight]) => sum + weight, 0);
    const index = left.findIndex(([, weight]) => {
      at -= weight;
      return at < 0;
    });
    return left.splice(index < 0 ? left.length - 1 : index, 1)[0][0];
  });
}

const drawPlain = (names: readonly TimmOperation[], count: number, random: Random) => Array.from({ length: count }, () => names[random.integer(names.length)]);

function drawOperations({ transforms, increasing, numLayers }: TimmRandAugmentParameters, random: Random): TimmOperation[] {
  if (transforms === "weights") return drawWeighted(weightedSet, numLayers, random);
  if (transforms === "3aw") return drawWeighted(weightedThreeSet, numLayers, random);
  return drawPlain(transforms === "3a" ? threeSet : increasing ? increasingSet : plainSet, numLayers, random);
}

export const timmRandAugmenting: Definition<TimmRandAugmentParameters, Operation[]> = {
  ...timmRandAugment,
  bytesOnly: true,
  sample(parameters, size, random) {
    const names = drawOperations(parameters, random());
    return names.flatMap((name) => draw(name, parameters.p, parameters.magnitude, { ...parameters, translatePct }, size, random()));
  },
  apply: (canvas, image, chain, { fill }) => applyOperations(canvas, image, chain, fill),
};

export const timmAutoAugmenting: Definition<TimmAutoAugmentParameters, Operation[]> = {
  ...timmAutoAugment,
  bytesOnly: true,
  sample(parameters, size, random) {
    const policy = timmPolicies[parameters.policy];
    const shared = { ...parameters, magnitudeMax: levels, translatePct };
    return policy[random().integer(policy.length)].flatMap(([name, p, magnitude]) => draw(name, p, magnitude, shared, size, random()));
  },
  apply: (canvas, image, chain, { fill }) => applyOperations(canvas, image, chain, fill),
};

interface Mixture {
  readonly chains: readonly { readonly operations: readonly Operation[]; readonly share: number }[];
  /** Of the chains in the result, or `undefined` where each chain is blended into it by its own share. */
  readonly mixed?: number;
}

/** Shares by which blending one image after another gives each the share that it should have. */
function blendingShares(shares: readonly number[]): number[] {
  let left = 1;
  return [...shares]
    .reverse()
    .map((share) => {
      const blended = share / left;
      left *= 1 - blended;
      return blended;
    })
    .reverse();
}

export const timmAugMixing: Definition<TimmAugMixParameters, Mixture> = {
  ...timmAugMix,
  bytesOnly: true,
  sample(parameters, size, random) {
    const { magnitude, width, depth, alpha, blended } = parameters;
    const shared = { ...parameters, magnitudeMax: levels, translatePct: mixingTranslatePct };
    const weights = dirichlet(random(), alpha, width);
    const mixed = beta(random(), alpha);
    const shares = blended ? blendingShares(weights.map((weight) => weight * mixed)) : weights;
    const chains = shares.map((share) => {
      const names = drawPlain(augMixSet, depth > 0 ? depth : 1 + random().integer(3), random());
      return { share, operations: names.flatMap((name) => draw(name, 1, magnitude, shared, size, random())) };
    });
    return { chains, mixed: blended ? undefined : mixed };
  },
  apply(canvas: Canvas, image: Raster, { chains, mixed }, { fill }) {
    const terms = chains.map(({ operations, share }) => ({ share, image: applyOperations(canvas, image, operations, fill) }));
    if (mixed === undefined) return terms.reduce((result, term) => blend(canvas, result, term.image, term.share), image);
    return blend(canvas, image, mix(canvas, terms), mixed);
  },
};
