import { ArgumentError } from "../../core/errors.js";
import { exp } from "../../core/math.js";
import type { Canvas, Raster } from "./canvas.js";
import { reflected } from "./crop.js";
import { checkNumber, checkNumberOrNumbers, checkRange, type Definition, describe } from "./definition.js";

/** Normalised samples of a Gaussian, float32. */
function gaussian(size: number, sigma: number): Float32Array {
  const distance = (i: number) => (i - (size - 1) / 2) / sigma;
  const weights = Float64Array.from({ length: size }, (_, i) => exp(-0.5 * distance(i) * distance(i)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

/** Blurs with a kernel of `[width, height]` pixels and the given standard deviation; edges are reflected. */
export function gaussianBlur(canvas: Canvas, image: Raster, [across, down]: readonly number[], sigma: number): Raster {
  const { width, height, channels } = image;
  const around = (size: number, taps: number, step: number) =>
    canvas.place(Int32Array.from({ length: size + taps - 1 }, (_, i) => reflected(i - (taps >> 1), size, false) * step));
  const between = canvas.allocate(width * height * 16);
  const line = canvas.allocate((width + across - 1) * 16);
  const { kernels } = canvas;
  kernels.blur_u8_columns(between, image.at, line, around(width, across, 4), canvas.place(gaussian(across, sigma)), across, width, image.stride, 0, height);
  const to = canvas.raster(width, height, channels);
  kernels.blur_u8_rows(to.at, between, around(height, down, 1), canvas.place(gaussian(down, sigma)), down, width, to.stride, 0, height);
  return to;
}

interface GaussianBlurParameters {
  kernelSize: number | readonly number[];
  sigma: number | readonly number[];
}

export const gaussianBlurring: Definition<GaussianBlurParameters, number> = {
  name: "GaussianBlur",
  defaults: { kernelSize: undefined, sigma: [0.1, 2] },
  bytesOnly: true,
  check({ kernelSize, sigma }) {
    checkNumberOrNumbers("GaussianBlur: kernelSize", kernelSize, [2], { least: 1, most: 999, whole: true });
    if ([kernelSize].flat().some((size) => (size as number) % 2 === 0))
      throw new ArgumentError(`GaussianBlur: kernelSize: expected odd numbers, got ${JSON.stringify(kernelSize)}`);
    if (Array.isArray(sigma)) checkRange("GaussianBlur: sigma", sigma, { above: 0 });
    else checkNumber("GaussianBlur: sigma", sigma, { above: 0 });
  },
  sample: ({ sigma }, _image, random) => (typeof sigma === "number" ? sigma : random().uniform(sigma[0], sigma[1])),
  apply: (canvas, image, sigma, { kernelSize }) => gaussianBlur(canvas, image, typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize, sigma),
};

/**
 * Blurs with a random Gaussian.
 * @param kernelSize odd number of pixels, or `[width, height]`
 * @param options.sigma standard deviation in pixels: a number or `[low, high]` (default 0.1 to 2)
 */
export const GaussianBlur = (kernelSize: number | readonly number[], options: { sigma?: number | readonly number[] } = {}) =>
  describe(gaussianBlurring, { kernelSize, ...options });
