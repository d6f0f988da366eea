import { ArgumentError } from "../../core/errors.js";
import { exp, log } from "../../core/math.js";
import { Random } from "../../core/random.js";
import type { Canvas, Raster } from "./canvas.js";
import type { Rectangle } from "./crop.js";
import { checkNumberOrNumbers, checkProbability, checkRange, type Definition, describe, fillPixel } from "./definition.js";
import { roundHalfEven } from "./rounding.js";

interface RandomErasingParameters {
  p: number;
  scale: readonly number[];
  ratio: readonly number[];
  value: number | readonly number[] | "random";
}

/** A rectangle, and the seed of its noise where `value` is `"random"`. */
export interface Erasure extends Rectangle {
  readonly noise?: number;
}

/** Attempts at a rectangle that fits before the image is left whole (torchvision's get_params). */
const attempts = 10;

/** Overwrites the rectangle in place: nothing else reads an image between two steps of a pipeline. */
export function erase(canvas: Canvas, image: Raster, { top, left, height, width, noise }: Erasure, value: number | readonly number[]): Raster {
  if (image.dtype === "uint8") {
    if (noise !== undefined) throw new ArgumentError('RandomErasing: value "random" draws floats, so it must come after Normalize');
    for (let row = top; row < top + height; row++) {
      new Uint32Array(canvas.buffer, image.at + row * image.stride + left * 4, width).fill(fillPixel(value));
    }
    return image;
  }
  const { channels } = image;
  const random = noise === undefined ? undefined : new Random(noise);
  const levels = typeof value === "number" ? [value] : value;
  for (let row = top; row < top + height; row++) {
    const pixels = new Float32Array(canvas.buffer, image.at + (row * image.width + left) * channels * 4, width * channels);
    pixels.forEach((_, i) => {
      pixels[i] = random ? random.normal() : levels[levels.length === 1 ? 0 : i % channels];
    });
  }
  return image;
}

export const randomErasing: Definition<RandomErasingParameters, Erasure> = {
  name: "RandomErasing",
  defaults: { p: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0 },
  bytesOnly: false,
  check({ p, scale, ratio, value }) {
    checkProbability("RandomErasing: p", p);
    checkRange("RandomErasing: scale", scale, { least: 0, most: 1 });
    checkRange("RandomErasing: ratio", ratio, { above: 0 });
    if (value !== "random") checkNumberOrNumbers("RandomErasing: value", value, [1, 3], {});
  },
  sample({ p, scale, ratio, value }, image, random) {
    const draw = random();
    if (!(draw.uniform() < p)) return undefined;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const area = image.width * image.height * draw.uniform(scale[0], scale[1]);
      const aspect = exp(draw.uniform(log(ratio[0]), log(ratio[1])));
      const height = roundHalfEven(Math.sqrt(area * aspect));
      const width = roundHalfEven(Math.sqrt(area / aspect));
      if (height >= image.height || width >= image.width) continue;
      const noise = value === "random" ? { noise: draw.word() } : {};
      const top = draw.integer(image.height - height + 1);
      return { top, left: draw.integer(image.width - width + 1), height, width, ...noise };
    }
    return undefined;
  },
  apply: (canvas, image, erasure, { value }) => erase(canvas, image, erasure, value === "random" ? 0 : value),
};

/**
 * Overwrites a random rectangle (Zhong et al. 2017); usually after `Normalize`.
 * @param options.value one number, one a channel, or `"random"`: a normal draw for every element, after `Normalize` only
 */
export const RandomErasing = (options: Partial<RandomErasingParameters> = {}) => describe(randomErasing, options);
