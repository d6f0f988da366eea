import { dirichlet } from "../../../core/distributions.js";
import type { Random } from "../../../core/random.js";
import type { Definition, ImageSize, WarpInterpolation } from "../definition.js";
import {
  type AugMixParameters,
  type AutoAugmentParameters,
  augMix,
  autoAugment,
  type RandAugmentParameters,
  randAugment,
  type TrivialAugmentWideParameters,
  trivialAugmentWide,
} from "../policies.js";
import { roundHalfEven } from "../rounding.js";
import { applyOperations, mix, type Operation, type OperationName } from "./operations.js";
import { autoAugmentPolicies } from "./torchvision-policies.js";

/** torchvision 0.14's transforms/autoaugment.py: which operations, how strong, and how they are drawn. */

const { fround } = Math;

/** torch.linspace(0, end, count)[index] or, backwards, torch.linspace(end, 0, count)[index], in float32. */
function linspace(end: number, count: number, index: number): number {
  const step = fround(fround(end) / (count - 1));
  return index < count >> 1 ? fround(step * index) : fround(fround(end) - fround(step * (count - 1 - index)));
}

/** How strong an operation is at place `index` of `bins`; `signed` ones are turned round half of the time. */
interface Strength {
  readonly signed: boolean;
  readonly of: (bins: number, index: number, size: ImageSize) => number;
}

const signed = (end: number | ((size: ImageSize) => number)): Strength => ({
  signed: true,
  of: (bins, index, size) => linspace(typeof end === "number" ? end : end(size), bins, index),
});
const posterize = (most: number, lost: number): Strength => ({
  signed: false,
  of: (bins, index) => most - roundHalfEven(fround(index / fround((bins - 1) / lost))),
});
const none: Strength = { signed: false, of: () => 0 };
/** torch.linspace(255, 0, bins)[index]. */
const solarize: Strength = {
  signed: false,
  of(bins, index) {
    const step = fround(-255 / (bins - 1));
    return index < bins >> 1 ? fround(255 + fround(step * index)) : fround(-fround(step * (bins - 1 - index)));
  },
};

/** The operations of a transform in torchvision's order. */
export type Space = ReadonlyMap<OperationName, Strength>;

function space({
  first = [],
  last = [],
  shear,
  translate,
  rotate,
  enhance,
  posterized,
}: {
  first?: OperationName[];
  last?: OperationName[];
  shear: number;
  translate: readonly [Strength, Strength];
  rotate: number;
  enhance?: number;
  posterized: Strength;
}): Space {
  const enhancing: [OperationName, Strength][] =
    enhance === undefined ? [] : (["Brightness", "Color", "Contrast", "Sharpness"] as const).map((name) => [name, signed(enhance)]);
  return new Map<OperationName, Strength>([
    ...first.map((name) => [name, none] as const),
    ["ShearX", signed(shear)],
    ["ShearY", signed(shear)],
    ["TranslateX", translate[0]],
    ["TranslateY", translate[1]],
    ["Rotate", signed(rotate)],
    ...enhancing,
    ["Posterize", posterized],
    ["Solarize", solarize],
    ["AutoContrast", none],
    ["Equalize", none],
    ...last.map((name) => [name, none] as const),
  ]);
}

/** Of the side that the paper's magnitudes are for: 150 of 331 pixels. */
const share = (side: keyof ImageSize) => signed((size) => (150 / 331) * size[side]);
const imagenet = { shear: 0.3, translate: [share("width"), share("height")], rotate: 30, enhance: 0.9, posterized: posterize(8, 4) } as const;
const third = (side: keyof ImageSize) => signed((size) => size[side] / 3);
const mixing = { ...imagenet, translate: [third("width"), third("height")], posterized: posterize(4, 4) } as const;

/** @internal For tests. */
export const spaces = {
  RandAugment: space({ ...imagenet, first: ["Identity"] }),
  AutoAugment: space({ ...imagenet, last: ["Invert"] }),
  TrivialAugmentWide: space({ first: ["Identity"], shear: 0.99, translate: [signed(32), signed(32)], rotate: 135, enhance: 0.99, posterized: posterize(8, 6) }),
  AugMix: space(mixing),
  "AugMix without allOps": space({ ...mixing, enhance: undefined }),
};

/** torchvision's magnitude as the number that the operation takes: its _apply_op. */
export function operationOf(name: OperationName, magnitude: number, interpolation: WarpInterpolation): Operation {
  const made = (value: number): Operation => ({ name, value, interpolation });
  if (name === "TranslateX" || name === "TranslateY") return made(-Math.trunc(magnitude));
  if (name === "Brightness" || name === "Color" || name === "Contrast" || name === "Sharpness") return made(1 + magnitude);
  return made(magnitude);
}

/** An operation of a space, each equally likely, its sign drawn after the strength. */
function draw(from: Space, random: Random, size: ImageSize, bins: number, interpolation: WarpInterpolation, indexOf: () => number): Operation {
  const [name, strength] = [...from][random.integer(from.size)];
  const magnitude = strength.of(bins, strength === none ? 0 : indexOf(), size);
  const turned = strength.signed && random.integer(2) === 1;
  return operationOf(name, turned ? -magnitude : magnitude, interpolation);
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export const randAugmenting: Definition<RandAugmentParameters, Operation[]> = {
  ...randAugment,
  bytesOnly: true,
  sample: ({ numOps, magnitude, numMagnitudeBins, interpolation }, size, random) =>
    times(numOps, () => draw(spaces.RandAugment, random(), size, numMagnitudeBins, interpolation, () => magnitude)),
  apply: (canvas, image, chain, { fill }) => applyOperations(canvas, image, chain, fill),
};

export const trivialAugmenting: Definition<TrivialAugmentWideParameters, Operation[]> = {
  ...trivialAugmentWide,
  bytesOnly: true,
  sample({ numMagnitudeBins, interpolation }, size, random) {
    return [draw(spaces.TrivialAugmentWide, random(), size, numMagnitudeBins, interpolation, () => random().integer(numMagnitudeBins))];
  },
  apply: (canvas, image, chain, { fill }) => applyOperations(canvas, image, chain, fill),
};

/** Places of AutoAugment's and AugMix' magnitudes. */
const tenBins = 10;

export const autoAugmenting: Definition<AutoAugmentParameters, Operation[]> = {
  ...autoAugment,
  bytesOnly: true,
  sample({ policy, interpolation }, size, random) {
    const policies = autoAugmentPolicies[policy];
    const chosen = policies[random().integer(policies.length)];
    const draws = chosen.map(() => ({ chance: random().uniform(), turned: random().integer(2) === 0 }));
    return chosen.flatMap(([name, p, index], i) => {
      if (draws[i].chance > p) return [];
      const strength = spaces.AutoAugment.get(name) ?? none;
      const magnitude = index === null ? 0 : strength.of(tenBins, index, size);
      return operationOf(name, strength.signed && draws[i].turned ? -magnitude : magnitude, interpolation);
    });
  },
  apply: (canvas, image, chain, { fill }) => applyOperations(canvas, image, chain, fill),
};

/** Chains of operations with the share of each in the result, and that of the image as it was. */
interface Mixture {
  readonly original: number;
  readonly chains: readonly { readonly operations: readonly Operation[]; readonly share: number }[];
}

export const augMixing: Definition<AugMixParameters, Mixture> = {
  ...augMix,
  bytesOnly: true,
  sample({ severity, mixtureWidth, chainDepth, alpha, allOps, interpolation }, size, random) {
    const operations = allOps ? spaces.AugMix : spaces["AugMix without allOps"];
    const [original, rest] = dirichlet(random(), alpha, 2);
    const shares = dirichlet(random(), alpha, mixtureWidth);
    const chains = shares.map((part) => ({
      share: fround(part) * fround(rest),
      operations: times(chainDepth > 0 ? chainDepth : 1 + random().integer(3), () =>
        draw(operations, random(), size, tenBins, interpolation, () => random().integer(severity)),
      ),
    }));
    return { original, chains };
  },
  apply(canvas, image, { original, chains }, { fill }) {
    const terms = chains.map(({ operations, share }) => ({ share, image: applyOperations(canvas, image, operations, fill) }));
    return mix(canvas, [{ image, share: original }, ...terms]);
  },
};
