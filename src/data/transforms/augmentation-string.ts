import { ArgumentError } from "../../core/errors.js";
import { describe, type Fill, type Transform, type WarpInterpolation } from "./definition.js";
import {
  AutoAugment,
  autoAugmentPolicyNames,
  RandAugment,
  type TimmRandAugmentParameters,
  TrivialAugmentWide,
  timmAugMix,
  timmAutoAugment,
  timmPolicyNames,
  timmRandAugment,
} from "./policies.js";

interface Options {
  /** Of what comes from outside the image; default 128 for timm's policies, 0 for torchvision's. */
  readonly fill?: Fill;
  /** Of the operations that move pixels; default `"random"` (bilinear or bicubic) for timm's policies, `"nearest"` for torchvision's. */
  readonly interpolation?: WarpInterpolation | "random";
}

type Read = (text: string) => unknown;

const examples = '"rand-m9-mstd0.5-inc1", "augmix-m5-w4-d2", "original-mstd0.5", "v0", "3a", "ra", "ta_wide" or "imagenet"';

function refuse(config: string, expected: string): never {
  throw new ArgumentError(`augmentation ${JSON.stringify(config)}: ${expected}`);
}

/** timm's sections behind the first: a key and a number each, or `t` and the name of a set. */
function readSections(config: string, sections: readonly string[], keys: Readonly<Record<string, readonly [parameter: string, read: Read]>>): object {
  const found: Record<string, unknown> = {};
  for (const section of sections) {
    const [, key, text] = /^(t)(.*)$/.exec(section) ?? /^([a-z]+)(\d.*|inf)$/.exec(section) ?? [];
    const [parameter, read] = Object.hasOwn(keys, key ?? "")
      ? keys[key]
      : refuse(config, `expected sections ${Object.keys(keys).join(", ")} with a value each, got "${section}"`);
    if (parameter in found) refuse(config, `section ${key} is there twice`);
    const value = read(text);
    if (typeof value === "number" && Number.isNaN(value)) refuse(config, `section ${key} expects a number, got "${text}"`);
    found[parameter] = value;
  }
  return found;
}

/** timm takes a deviation above 100 for infinite: uniform draws. */
const deviation: Read = (text) => (text === "inf" || Number(text) > 100 ? "uniform" : Number(text));
const flag: Read = (text) => Number(text) !== 0;
const transformSet: Read = (text) => text;

/**
 * Automatic augmentation by the words that the field's training scripts take: timm's `rand-...` (sections m, n, p, mstd, mmax, inc, t),
 * `augmix-...` (m, w, d, a, b, mstd), and its policies `original`, `originalr`, `v0`, `v0r`, `3a` (mstd); torchvision's `ra`, `ta_wide`, and its
 * policies `imagenet`, `cifar10`, `svhn`.
 *
 * @throws {ArgumentError} naming the section
 */
export function autoAugmentation(config: string, options: Options = {}): Transform {
  const [name, ...sections] = config.split("-");
  const given = (parameters: object) => ({ ...options, ...parameters });
  const mstd = ["magnitudeStd", deviation] as const;
  if (name === "rand") {
    const keys = {
      m: ["magnitude", Number],
      n: ["numLayers", Number],
      p: ["p", Number],
      mstd,
      mmax: ["magnitudeMax", Number],
      inc: ["increasing", flag],
      t: ["transforms", transformSet],
    } as const;
    return describe(timmRandAugment, given(readSections(config, sections, keys) as Partial<TimmRandAugmentParameters>));
  }
  if (name === "augmix") {
    const keys = { m: ["magnitude", Number], w: ["width", Number], d: ["depth", Number], a: ["alpha", Number], b: ["blended", flag], mstd } as const;
    return describe(timmAugMix, given(readSections(config, sections, keys)));
  }
  if ((timmPolicyNames as readonly string[]).includes(name))
    return describe(timmAutoAugment, given({ policy: name, ...readSections(config, sections, { mstd }) }));
  if (sections.length > 0 || !["ra", "ta_wide", ...autoAugmentPolicyNames].includes(name)) refuse(config, `expected ${examples}`);
  if (options.interpolation === "random") refuse(config, `interpolation "random" is for timm's policies`);
  const plain = options as Options & { interpolation?: WarpInterpolation };
  if (name === "ra") return RandAugment(plain);
  if (name === "ta_wide") return TrivialAugmentWide(plain);
  return AutoAugment({ ...plain, policy: name as (typeof autoAugmentPolicyNames)[number] });
}
