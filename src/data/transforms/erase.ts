import { ArgumentError } from "../../core/errors.js";
import { exp, log } from "../../core/math.js";
import { Random } from "../../core/random.js";
import type { Canvas, Raster } from "./canvas.js";
import type { Rectangle } from "./crop.js";
import { checkNumber, checkNumberOrNumbers, checkProbability, checkRange, type Definition, describe, fillPixel } from "./definition.js";
import { roundHalfEven } from "./rounding.js";

interface RandomErasingParameters {
  p: number;
  scale: readonly number[];
  ratio: readonly number[];
  value: number | readonly number[] | "random" | "color";
  count: number | readonly number[];
}

/** A rectangle, and what it is filled with where that is drawn: the seed of noise, or a level for each channel. */
export interface Erasure extends Rectangle {
  readonly noise?: number;
  readonly levels?: readonly number[];
}

/** Attempts at a rectangle that fits before the image is left whole (torchvision's get_params). */
const attempts = 10;

/** Overwrites the rectangle in place: nothing else reads an image between two steps of a pipeline. */
export function erase(canvas: Canvas, image: Raster, { top, left, height, width, noise, levels: drawn }: Erasure, value: number | readonly number[]): Raster {
  if (image.dtype === "uint8") {
    if (noise !== undefined || drawn) throw new ArgumentError('RandomErasing: value "random" or "color" draws floats, so it must come after Normalize');
    for (let row = top; row < top + height; row++) {
      new Uint32Array(canvas.buffer, image.at + row * image.stride + left * 4, width).fill(fillPixel(value));
    }
    return image;
  }
  const { channels } = image;
  const random = noise === undefined ? undefined : new Random(noise);
  const levels = drawn ?? (typeof value === "number" ? [value] : value);
  for (let row = top; row < top + height; row++) {
    const pixels = new Float32Array(canvas.buffer, image.at + (row * image.width + left) * channels * 4, width * channels);
    pixels.forEach((_, i) => {
      pixels[i] = random ? random.normal() : levels[levels.length === 1 ? 0 : i % channels];
    });
  }
  return image;
}

export const randomErasing: Definition<RandomErasingParameters, readonly Erasure[]> = {
  name: "RandomErasing",
  defaults: { p: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0, count: 1 },
  bytesOnly: false,
  check({ p, scale, ratio, value, count }) {
    checkProbability("RandomErasing: p", p);
    checkRange("RandomErasing: scale", scale, { least: 0, most: 1 });
    checkRange("RandomErasing: ratio", ratio, { above: 0 });
    if (value !== "random" && value !== "color") checkNumberOrNumbers("RandomErasing: value", value, [1, 3], {});
    const bounds = { least: 1, most: 1000, whole: true };
    if (Array.isArray(count)) checkRange("RandomErasing: count", count, bounds);
    else checkNumber("RandomErasing: count", count, bounds);
  },
  sample({ p, scale, ratio, value, count }, image, random) {
    const draw = random();
    if (!(draw.uniform() < p)) return undefined;
    const rectangles = typeof count === "number" ? count : count[0] + draw.integer(count[1] - count[0] + 1);
    const place = (): readonly Erasure[] => {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const area = (image.width * image.height * draw.uniform(scale[0], scale[1])) / rectangles;
        const aspect = exp(draw.uniform(log(ratio[0]), log(ratio[1])));
        const height = roundHalfEven(Math.sqrt(area * aspect));
        const width = roundHalfEven(Math.sqrt(area / aspect));
        if (height >= image.height || width >= image.width) continue;
        const noise = value === "random" ? { noise: draw.word() } : {};
        const levels = value === "color" ? { levels: [draw.normal(), draw.normal(), draw.normal()] } : {};
        const top = draw.integer(image.height - height + 1);
        return [{ top, left: draw.integer(image.width - width + 1), height, width, ...noise, ...levels }];
      }
      return [];
    };
    return Array.from({ length: rectangles }, place).flat();
  },
  apply: (canvas, image, erasures, { value }) =>
    erasures.reduce((result, erasure) => erase(canvas, result, erasure, typeof value === "string" ? 0 : value), image),
};

/**
 * Overwrites random rectangles (Zhong et al. 2017); usually after `Normalize`.
 * @param options.value one number, one a channel, `"random"`: a normal draw for every element, or `"color"`: one for every channel of a
 * rectangle (timm's modes `const`, `pixel` and `rand`); draws after `Normalize` only
 * @param options.count rectangles, or `[low, high]` (default 1); they share the area
 */
export const RandomErasing = (options: Partial<RandomErasingParameters> = {}) => describe(randomErasing, options);
