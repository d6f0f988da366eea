import { beta } from "../core/distributions.js";
import { ArgumentError } from "../core/errors.js";
import type { Random } from "../core/random.js";
import { checkChoice, checkNumber, checkProbability, checkRange } from "./transforms/definition.js";

/**
 * Mixing the images of a batch with one another, each with the one at its place from the end: timm's Mixup, but that mixup is off unless
 * it is asked for. One of `mixup`, `cutmix` and `cutmixMinmax` is needed.
 */
export interface Mixing {
  /** Alpha of mixup's beta distribution (Zhang et al. 2017), 0 or more; default 0: none. */
  readonly mixup: number;
  /** Alpha of cutmix' beta distribution (Yun et al. 2019), 0 or more; default 0: none. */
  readonly cutmix: number;
  /** Cutmix with a rectangle of `[least, most]` of each side, 0 to 1, in place of `cutmix`; default `null`: none. */
  readonly cutmixMinmax: readonly number[] | null;
  /** How often anything is mixed, 0 to 1; default 1. */
  readonly prob: number;
  /** How often it is cutmix where there are both, 0 to 1; default 0.5. */
  readonly switchProb: number;
  /** What draws for itself: the whole `batch` (default), each `pair` of images, or each image (`elem`). */
  readonly mode: "batch" | "pair" | "elem";
}

const defaults: Mixing = { mixup: 0, cutmix: 0, cutmixMinmax: null, prob: 1, switchProb: 0.5, mode: "batch" };

/** Options with their defaults. @throws {ArgumentError} naming the option */
export function checkedMixing(options: Partial<Mixing>): Mixing {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(defaults, name)) throw new ArgumentError(`mixing: expected the options ${Object.keys(defaults).join(", ")}, got ${name}`);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const mixing: Mixing = { ...defaults, ...given };
  checkNumber("mixing: mixup", mixing.mixup, { least: 0 });
  checkNumber("mixing: cutmix", mixing.cutmix, { least: 0 });
  if (mixing.cutmixMinmax !== null) checkRange("mixing: cutmixMinmax", mixing.cutmixMinmax, { least: 0, most: 1 });
  checkProbability("mixing: prob", mixing.prob);
  checkProbability("mixing: switchProb", mixing.switchProb);
  checkChoice("mixing: mode", mixing.mode, ["batch", "pair", "elem"]);
  if (mixing.mixup === 0 && mixing.cutmix === 0 && mixing.cutmixMinmax === null)
    throw new ArgumentError("mixing: expected mixup or cutmix above 0, got neither");
  return mixing;
}

/** Images one after another, NHWC, with the class of each. */
export interface Mixable {
  readonly x: Float32Array;
  readonly labels: Int32Array;
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

type Size = Pick<Mixable, "height" | "width">;

/** Rows and columns, each from the first to before the second. */
export type Box = readonly [top: number, bottom: number, left: number, right: number];

/** Which part of an image stays its own, and for cutmix where its partner's begins and ends. */
export interface Share {
  readonly own: number;
  readonly box?: Box;
}

/** Cutmix of a box: what was cut off at the border counts as the image's own. */
export function cut({ height, width }: Size, [top, bottom, left, right]: Box): Share {
  return { own: 1 - ((bottom - top) * (right - left)) / (height * width), box: [top, bottom, left, right] };
}

/** One draw: nothing, mixup or cutmix. */
export function drawShare(size: Size, { mixup, cutmix, cutmixMinmax, prob, switchProb }: Mixing, random: Random): Share {
  if (!(random.uniform() < prob)) return { own: 1 };
  const cutmixAlpha = cutmixMinmax ? 1 : cutmix;
  const cuts = cutmixAlpha > 0 && (mixup === 0 || random.uniform() < switchProb);
  const own = beta(random, cuts ? cutmixAlpha : mixup);
  if (!cuts || own === 1) return { own };
  return cut(size, cutmixMinmax ? boxWithin(size, cutmixMinmax, random) : boxAround(size, own, random));
}

/** A box of the image's form with about 1 - own of its area, its middle anywhere. */
function boxAround({ height, width }: Size, own: number, random: Random): Box {
  const ratio = Math.sqrt(1 - own);
  const along = (size: number) => {
    const half = Math.trunc(size * ratio) >> 1;
    const middle = random.integer(size);
    return [Math.max(0, middle - half), Math.min(size, middle + half)] as const;
  };
  return [...along(height), ...along(width)];
}

/** A box inside the image whose sides are each a share of the image's between the two. */
function boxWithin({ height, width }: Size, shares: readonly number[], random: Random): Box {
  const along = (size: number) => {
    const [least, most] = shares.map((share) => Math.trunc(size * share));
    const length = least + random.integer(Math.max(1, most - least));
    const start = random.integer(size - length + 1);
    return [start, start + length] as const;
  };
  return [...along(height), ...along(width)];
}

/**
 * Mixes images in place.
 *
 * @param random of this batch; the same draws make the same batch
 * @returns probabilities [N, classes] to learn from
 */
export function mixBatch(batch: Mixable, mixing: Mixing, random: Random): Float32Array {
  const last = batch.labels.length - 1;
  const draw = () => drawShare(batch, mixing, random);
  if (mixing.mode === "batch") {
    const share = draw();
    return mixWith(batch, () => share);
  }
  // timm keeps the shares of pairs and images, and not that of a batch, in float32.
  const shares = Array.from({ length: mixing.mode === "pair" ? (last + 1) >> 1 : last + 1 }, draw).map(({ own, box }) => ({ own: Math.fround(own), box }));
  return mixWith(batch, (image) => shares[mixing.mode === "pair" ? Math.min(image, last - image) : image]);
}

/** As `mixBatch`, with the share of each image given; one in the middle of an odd number stays as it is. Rounds as PyTorch does in float32. */
export function mixWith({ x, labels, classes, width, ...size }: Mixable, shareOf: (image: number) => Share): Float32Array {
  const count = labels.length;
  const row = width * size.channels;
  const pixels = size.height * row;
  const targets = new Float32Array(count * classes);
  const target = (image: number, { own }: Share) => {
    targets[image * classes + labels[image]] += own;
    targets[image * classes + labels[count - 1 - image]] += Math.fround(1 - own);
  };
  const image = (index: number) => x.subarray(index * pixels, (index + 1) * pixels);
  for (let first = 0, second = count - 1; first < second; first++, second--) {
    const before = image(first).slice();
    mix(image(first), image(second), shareOf(first), row, size.channels);
    mix(image(second), before, shareOf(second), row, size.channels);
    target(first, shareOf(first));
    target(second, shareOf(second));
  }
  if (count % 2 === 1) target(count >> 1, { own: 1 });
  return targets;
}

/** Brings the partner's part into an image whose rows have `row` numbers. */
function mix(image: Float32Array, partner: Float32Array, { own, box }: Share, row: number, channels: number): void {
  if (box) {
    const [top, bottom, left, right] = box;
    for (let start = top * row; start < bottom * row; start += row) {
      const [from, to] = [start + left * channels, start + right * channels];
      image.set(partner.subarray(from, to), from);
    }
  } else if (own !== 1) {
    const { fround } = Math;
    const [keep, take] = [fround(own), fround(1 - own)];
    for (let i = 0; i < image.length; i++) image[i] = fround(image[i] * keep) + fround(partner[i] * take);
  }
}
