import type { Canvas, Raster } from "../canvas.js";
import { lookup } from "../color.js";
import { gatherTransposed, upwards } from "../gather.js";

/** Pillow's ImageEnhance, ImageOps and ImageFilter.GaussianBlur, bit for bit. Gray images are three equal channels. */

const { fround } = Math;

/** a + share * (b - a) in float32, clamped and cut to a byte: one level of Pillow's Image.blend. */
function blendLevel(a: number, b: number, share: number): number {
  return Math.trunc(Math.min(Math.max(fround(a + fround(fround(share) * (b - a))), 0), 255));
}

/** Pillow's Image.blend: `a` at share 0, `b` at share 1, and beyond. */
export function blend(canvas: Canvas, a: Raster, b: Raster, share: number): Raster {
  const to = canvas.raster(a.width, a.height, a.channels);
  canvas.kernels.blend_u8(to.at, a.at, b.at, share, to.width, to.stride, a.stride, b.stride, 0, to.height);
  return to;
}

/** Pillow's convert("L"), in all channels. */
function luma(canvas: Canvas, image: Raster): Raster {
  if (image.channels === 1) return image;
  const to = canvas.raster(image.width, image.height, image.channels);
  canvas.kernels.luma_u8(to.at, image.at, to.width, to.stride, image.stride, 0, to.height);
  return to;
}

/** ImageEnhance.Brightness: from black (0) to the image (1) and beyond. */
export function enhanceBrightness(canvas: Canvas, image: Raster, factor: number): Raster {
  return lookup(canvas, image, (value) => blendLevel(0, value, factor));
}

/** ImageEnhance.Contrast: from its mean gray (0) to the image (1) and beyond. */
export function enhanceContrast(canvas: Canvas, image: Raster, factor: number): Raster {
  const gray = luma(canvas, image);
  const sum = canvas.kernels.gray_sum_u8(gray.at, 0, gray.width, gray.stride, 0, gray.height) as number;
  const mean = Math.trunc(sum / (image.width * image.height) + 0.5);
  return lookup(canvas, image, (value) => blendLevel(mean, value, factor));
}

/** ImageEnhance.Color: from gray (0) to the image (1) and beyond. */
export function enhanceColor(canvas: Canvas, image: Raster, factor: number): Raster {
  return image.channels === 1 ? image : blend(canvas, luma(canvas, image), image, factor);
}

/** ImageEnhance.Sharpness: from smoothed (0) to the image (1) and beyond. Images below 3 pixels have no smoothed form. */
export function enhanceSharpness(canvas: Canvas, image: Raster, factor: number): Raster {
  if (image.width < 3 || image.height < 3) return image;
  const { width, height } = image;
  const smooth = canvas.raster(width, height, image.channels);
  canvas.kernels.smooth_u8(smooth.at, image.at, width, height, smooth.stride, image.stride, 0, height);
  return blend(canvas, smooth, image, factor);
}

/** Keeps the highest `bits` bits of each level; 0 leaves black. */
export function posterize(canvas: Canvas, image: Raster, bits: number): Raster {
  return lookup(canvas, image, (value) => value & ~(2 ** (8 - bits) - 1));
}

/** Inverts levels of at least `threshold`. */
export function solarize(canvas: Canvas, image: Raster, threshold: number): Raster {
  return lookup(canvas, image, (value) => (value < threshold ? value : 255 - value));
}

/** Adds to levels below 128, up to 255: timm's SolarizeAdd. */
export function solarizeAdd(canvas: Canvas, image: Raster, amount: number): Raster {
  return lookup(canvas, image, (value) => (value < 128 ? Math.min(255, value + amount) : value));
}

export function invert(canvas: Canvas, image: Raster): Raster {
  return lookup(canvas, image, (value) => 255 - value);
}

/** Every channel through a table that is made of how often it has each level. */
function lookupChannels(canvas: Canvas, image: Raster, tableOf: (counts: Uint32Array) => (level: number) => number): Raster {
  const { width, height } = image;
  const counts = canvas.place(new Int32Array(3 * 256));
  canvas.kernels.histogram_u8(counts, image.at, width, height, image.stride, 0, 3);
  const tables = new Uint8Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    const level = tableOf(new Uint32Array(canvas.buffer, counts + channel * 1024, 256));
    for (let value = 0; value < 256; value++) tables[channel * 256 + value] = level(value);
  }
  const to = canvas.raster(width, height, image.channels);
  canvas.kernels.lookup_u8_channels(to.at, image.at, canvas.place(tables), width, to.stride, image.stride, 0, height);
  return to;
}

const same = (value: number) => value;

/** ImageOps.autocontrast: spreads each channel's levels over 0..255. */
export function autoContrast(canvas: Canvas, image: Raster): Raster {
  return lookupChannels(canvas, image, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return same;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return (value) => Math.min(Math.max(Math.trunc(value * scale + offset), 0), 255);
  });
}

/** ImageOps.equalize: makes each channel's levels about equally frequent. */
export function equalize(canvas: Canvas, image: Raster): Raster {
  return lookupChannels(canvas, image, (counts) => {
    const present = counts.filter((count) => count > 0);
    const step = Math.floor((image.width * image.height - present[present.length - 1]) / 255);
    if (present.length <= 1 || step === 0) return same;
    const before = new Uint32Array(256);
    for (let value = 1; value < 256; value++) before[value] = before[value - 1] + counts[value - 1];
    return (value) => Math.min(255, Math.floor((Math.floor(step / 2) + before[value]) / step));
  });
}

/** Passes of a box blur that stand for a Gaussian, in each direction. */
const passes = 3;

/** Half width of the box whose three passes have the variance of a Gaussian, with Pillow's rounding to C floats (Gwosdek et al. 2011). */
function boxRadius(sigma: number): number {
  const variance = fround(fround(fround(sigma) * fround(sigma)) / passes);
  const length = fround(Math.sqrt(12 * variance + 1));
  const whole = fround(Math.floor((length - 1) / 2));
  const next = whole + 1;
  const part = fround(fround(2 * whole + 1) * fround(whole * next - fround(3 * variance)));
  return fround(whole + fround(part / fround(6 * fround(variance - next * next))));
}

/** ImageFilter.GaussianBlur: three box blurs along rows, then three along columns. @param sigma standard deviation in pixels */
export function boxGaussianBlur(canvas: Canvas, image: Raster, sigma: number): Raster {
  const floatRadius = boxRadius(sigma);
  if (!(floatRadius > 0)) return image;
  const radius = Math.trunc(floatRadius);
  const weight = Math.trunc(fround(2 ** 24 / fround(fround(floatRadius * 2) + 1)));
  const edge = Math.floor((2 ** 24 - (2 * radius + 1) * weight) / 2);
  const alongRows = (from: Raster): Raster => {
    const { width, height } = from;
    const within = (column: number) => Math.min(Math.max(column, 0), width - 1);
    const offsets = canvas.place(Int32Array.from({ length: width + 2 * radius + 2 }, (_, i) => 4 * within(i - radius - 1)));
    let result = from;
    for (let pass = 0; pass < passes; pass++) {
      const to = canvas.raster(width, height, from.channels);
      canvas.kernels.box_blur_u8(to.at, result.at, offsets, radius, weight, edge, width, to.stride, result.stride, 0, height);
      result = to;
    }
    return result;
  };
  const transposed = (from: Raster) => gatherTransposed(canvas, from, upwards(from.width), upwards(from.height));
  return transposed(alongRows(transposed(alongRows(image))));
}
