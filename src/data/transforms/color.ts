import type { Canvas, Raster } from "./canvas.js";
import { checkNumber, checkProbability, checkRange, type Definition, describe } from "./definition.js";

const { fround } = Math;

/** One table for every byte of the image. */
export function lookup(canvas: Canvas, image: Raster, level: (value: number) => number): Raster {
  const table = Uint8Array.from({ length: 256 }, (_, value) => level(value));
  const to = canvas.raster(image.width, image.height, image.channels);
  canvas.kernels.lookup_u8(to.at, image.at, canvas.place(table), to.width, to.stride, image.stride, 0, to.height);
  return to;
}

/** ratio * a + (1 - ratio) * b in float32, clamped and cut to a byte: torchvision's _blend. */
function blend(a: number, b: number, ratio: number): number {
  const mixed = fround(fround(fround(ratio) * a) + fround(fround(1 - ratio) * b));
  return Math.trunc(Math.min(Math.max(mixed, 0), 255));
}

/** Towards black (factor 0) or brighter. */
export function adjustBrightness(canvas: Canvas, image: Raster, factor: number): Raster {
  return lookup(canvas, image, (value) => blend(value, 0, factor));
}

/** Towards the mean gray (factor 0) or away from it. */
export function adjustContrast(canvas: Canvas, image: Raster, factor: number): Raster {
  const sum = canvas.kernels.gray_sum_u8(image.at, image.channels === 3 ? 1 : 0, image.width, image.stride, 0, image.height) as number;
  const mean = fround(fround(sum) / (image.width * image.height));
  return lookup(canvas, image, (value) => blend(value, mean, factor));
}

/** Towards gray (factor 0) or more colourful; gray images stay. */
export function adjustSaturation(canvas: Canvas, image: Raster, factor: number): Raster {
  if (image.channels === 1) return image;
  const to = canvas.raster(image.width, image.height, image.channels);
  canvas.kernels.saturation_u8(to.at, image.at, factor, 1 - factor, to.width, to.stride, image.stride, 0, to.height);
  return to;
}

/** Turns the hue by `factor` turns, -0.5 to 0.5; gray images stay. */
export function adjustHue(canvas: Canvas, image: Raster, factor: number): Raster {
  if (image.channels === 1) return image;
  const to = canvas.raster(image.width, image.height, image.channels);
  canvas.kernels.hue_u8(to.at, image.at, factor, to.width, to.stride, image.stride, 0, to.height);
  return to;
}

/** 0.2989 R + 0.587 G + 0.114 B in every channel. */
export function grayscale(canvas: Canvas, image: Raster): Raster {
  if (image.channels === 1) return image;
  const to = canvas.raster(image.width, image.height, image.channels);
  canvas.kernels.grayscale_u8(to.at, image.at, to.width, to.stride, image.stride, 0, to.height);
  return to;
}

type Jitter = number | readonly number[];

interface ColorJitterParameters {
  brightness: Jitter;
  contrast: Jitter;
  saturation: Jitter;
  hue: Jitter;
}

const adjustments = { brightness: adjustBrightness, contrast: adjustContrast, saturation: adjustSaturation, hue: adjustHue };
type Adjustment = keyof typeof adjustments;
const names = Object.keys(adjustments) as Adjustment[];

/** The range of a factor, or `undefined` where it changes nothing. */
function rangeOf(name: Adjustment, jitter: Jitter): readonly number[] | undefined {
  const neutral = name === "hue" ? 0 : 1;
  const [low, high] = typeof jitter === "number" ? [neutral - jitter, neutral + jitter] : jitter;
  if (low === neutral && high === neutral) return undefined;
  return [name === "hue" ? low : Math.max(low, 0), high];
}

/** The adjustments with their factors, in the order in which they are made. */
export type ColorJitterSample = readonly { readonly name: Adjustment; readonly factor: number }[];

export const colorJitter: Definition<ColorJitterParameters, ColorJitterSample> = {
  name: "ColorJitter",
  defaults: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  bytesOnly: true,
  check(parameters) {
    for (const name of names) {
      const where = `ColorJitter: ${name}`;
      const jitter = parameters[name];
      if (Array.isArray(jitter)) checkRange(where, jitter, name === "hue" ? { least: -0.5, most: 0.5 } : { least: 0 });
      else checkNumber(where, jitter, name === "hue" ? { least: 0, most: 0.5 } : { least: 0 });
    }
  },
  sample(parameters, _image, random) {
    const draw = random();
    const order = draw.shuffle([...names]);
    const factors = new Map<Adjustment, number>();
    for (const name of names) {
      const range = rangeOf(name, parameters[name]);
      if (range) factors.set(name, draw.uniform(range[0], range[1]));
    }
    return order.flatMap((name) => {
      const factor = factors.get(name);
      return factor === undefined ? [] : [{ name, factor }];
    });
  },
  apply: (canvas, image, sample) => sample.reduce((result, { name, factor }) => adjustments[name](canvas, result, factor), image),
};

/**
 * Changes brightness, contrast, saturation and hue in random order, with the arithmetic of torchvision's tensor kernels.
 * @param options.brightness factor from `[max(0, 1 - brightness), 1 + brightness]` or the given `[low, high]`; `contrast` and `saturation` alike
 * @param options.hue turn from `[-hue, hue]` or the given `[low, high]`, at most 0.5
 */
export const ColorJitter = (options: Partial<ColorJitterParameters> = {}) => describe(colorJitter, options);

export const randomGrayscale: Definition<{ p: number }, true> = {
  name: "RandomGrayscale",
  defaults: { p: 0.1 },
  bytesOnly: true,
  check: ({ p }) => checkProbability("RandomGrayscale: p", p),
  sample: ({ p }, _image, random) => (random().uniform() < p ? true : undefined),
  apply: (canvas, image) => grayscale(canvas, image),
};

/** Makes an image gray with probability `p` (default 0.1); it keeps its channels. */
export const RandomGrayscale = (options: { p?: number } = {}) => describe(randomGrayscale, options);
