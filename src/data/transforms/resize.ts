import { ArgumentError, DataError } from "../../core/errors.js";
import type { Canvas, Raster } from "./canvas.js";
import { type CenterCropParameters, centerRectangle, crop, randomRectangle, type Rectangle } from "./crop.js";
import {
  checkInterpolation,
  checkNumber,
  checkRange,
  checkSize,
  type Definition,
  describe,
  type ImageSize,
  type SizeParameter,
  sizePair,
} from "./definition.js";
import { gather } from "./gather.js";
import { type Interpolation, nearestPixels, resampleTaps } from "./resample.js";

/** What to resize, beyond the size: a part of the image by fractional edges, and a part of the result. */
export interface ResizeOptions {
  /** `[left, top, right, bottom]` in pixels of the image, Pillow's `box`: pixels beyond it still count in the filter. */
  readonly box?: readonly [number, number, number, number];
  /** Computes this part of the result alone. */
  readonly window?: Rectangle;
}

/** Resizes as Pillow's `Image.resize` does, bit for bit. @throws {ArgumentError} for a box that leaves the image */
export function resize(canvas: Canvas, image: Raster, size: ImageSize, interpolation: Interpolation, { box, window }: ResizeOptions = {}): Raster {
  const [left, top, right, bottom] = box ?? [0, 0, image.width, image.height];
  if (!(left >= 0 && top >= 0 && right > left && bottom > top && right <= image.width && bottom <= image.height)) {
    throw new ArgumentError(`resize: expected a box [left, top, right, bottom] inside ${image.width}x${image.height} pixels, got [${box}]`);
  }
  const { top: firstRow, left: firstColumn, height, width } = window ?? { top: 0, left: 0, ...size };
  if (Number.isInteger(left) && Number.isInteger(top) && right - left === size.width && bottom - top === size.height) {
    return crop(canvas, image, { top: top + firstRow, left: left + firstColumn, height, width });
  }
  canvas.checkSize(width, height);
  canvas.checkSize(Math.max(size.width, size.height), 1);
  const across = { input: image.width, output: size.width, from: left, to: right, first: firstColumn, count: width };
  const down = { input: image.height, output: size.height, from: top, to: bottom, first: firstRow, count: height };
  if (interpolation === "nearest") return gather(canvas, image, nearestPixels(down), nearestPixels(across));

  // An axis that keeps its pixels is not filtered; the first pass makes only the rows that the second one reads.
  const rows = size.height === image.height && top === 0 && bottom === image.height ? undefined : resampleTaps(down, interpolation);
  const columns = size.width === image.width && left === 0 && right === image.width ? undefined : resampleTaps(across, interpolation);
  const last = 2 * (height - 1);
  const upper = rows ? rows.bounds[0] : firstRow;
  const lower = rows ? rows.bounds[last] + rows.bounds[last + 1] : firstRow + height;
  let source = crop(canvas, image, { top: upper, height: lower - upper, left: columns ? 0 : firstColumn, width: columns ? image.width : width });
  if (columns) {
    const bounds = canvas.place(columns.bounds.map((value, i) => (i % 2 === 0 ? value * 4 : (value + 3) & ~3)));
    const to = canvas.raster(width, source.height, image.channels);
    canvas.kernels.resize_u8_columns(to.at, source.at, bounds, canvas.place(columns.coefficients), width, columns.taps, to.stride, source.stride, 0, to.height);
    source = to;
  }
  if (!rows) return source;
  const bounds = canvas.place(rows.bounds.map((value, i) => (i % 2 === 0 ? value - upper : value)));
  const to = canvas.raster(width, height, image.channels);
  canvas.kernels.resize_u8_rows(to.at, source.at, bounds, canvas.place(rows.coefficients), width, rows.taps, to.stride, source.stride, 0, height);
  return to;
}

export interface ResizeParameters {
  size: SizeParameter;
  interpolation: Interpolation;
  maxSize: number | null;
}

/** torchvision's rule: a number is the new shorter side, and the longer one is cut to a whole number, not rounded. */
export function resizedSize({ width, height }: ImageSize, size: SizeParameter, maxSize: number | null): ImageSize {
  if (typeof size !== "number") return { height: size[0], width: size[1] };
  let short = size;
  let long = Math.trunc((size * Math.max(width, height)) / Math.min(width, height));
  if (maxSize !== null && long > maxSize) {
    short = Math.trunc((maxSize * short) / long);
    long = maxSize;
  }
  if (short < 1) throw new DataError(`Resize: ${width}x${height} pixels would have a side of 0 with size ${size} and maxSize ${maxSize}`);
  return width <= height ? { width: short, height: long } : { width: long, height: short };
}

export const resizing: Definition<ResizeParameters, ImageSize> = {
  name: "Resize",
  defaults: { size: undefined, interpolation: "bilinear", maxSize: null },
  bytesOnly: true,
  check({ size, interpolation, maxSize }) {
    checkSize("Resize: size", size);
    checkInterpolation("Resize: interpolation", interpolation);
    if (maxSize === null) return;
    if (typeof size !== "number") throw new ArgumentError("Resize: maxSize needs a size of one number, the shorter side");
    checkNumber("Resize: maxSize", maxSize, { above: size, whole: true });
  },
  sample: ({ size, maxSize }, image) => resizedSize(image, size, maxSize),
  apply: (canvas, image, size, { interpolation }) => resize(canvas, image, size, interpolation),
};

/**
 * Resizes as torchvision does with a Pillow image: antialiased, and bit for bit Pillow's.
 * @param size the shorter side in pixels, or `[height, width]`
 * @param options.interpolation default `"bilinear"`
 * @param options.maxSize most pixels of the longer side, where `size` is one number
 */
export const Resize = (size: SizeParameter, options: Partial<Omit<ResizeParameters, "size">> = {}) => describe(resizing, { size, ...options });

/** Resize followed by CenterCrop, computing only what the crop keeps: the same pixels for less work. */
export function resizeAndCenterCrop(canvas: Canvas, image: Raster, resizeTo: ResizeParameters, { size: cropTo }: CenterCropParameters): Raster {
  const size = resizedSize(image, resizeTo.size, resizeTo.maxSize);
  const window = centerRectangle(size, cropTo);
  if (window.top >= 0 && window.left >= 0) return resize(canvas, image, size, resizeTo.interpolation, { window });
  return crop(canvas, resize(canvas, image, size, resizeTo.interpolation), window);
}

interface RandomResizedCropParameters {
  size: SizeParameter;
  scale: readonly number[];
  ratio: readonly number[];
  interpolation: Interpolation;
}

export const randomResizedCrop: Definition<RandomResizedCropParameters, Rectangle> = {
  name: "RandomResizedCrop",
  defaults: { size: undefined, scale: [0.08, 1], ratio: [3 / 4, 4 / 3], interpolation: "bilinear" },
  bytesOnly: true,
  check({ size, scale, ratio, interpolation }) {
    checkSize("RandomResizedCrop: size", size);
    checkRange("RandomResizedCrop: scale", scale, { above: 0 });
    checkRange("RandomResizedCrop: ratio", ratio, { above: 0 });
    checkInterpolation("RandomResizedCrop: interpolation", interpolation);
  },
  sample: ({ scale, ratio }, image, random) => randomRectangle(image, scale, ratio, random()),
  apply(canvas, image, rectangle, { size, interpolation }) {
    const [height, width] = sizePair(size);
    return resize(canvas, crop(canvas, image, rectangle), { width, height }, interpolation);
  },
};

/**
 * Cuts a random part and resizes it: the standard augmentation of ImageNet training (Szegedy et al. 2014).
 * @param size pixels of the result, a number for a square or `[height, width]`
 * @param options.scale share of the image's area (default 0.08 to 1)
 * @param options.ratio width / height of the part (default 3/4 to 4/3)
 */
export const RandomResizedCrop = (size: SizeParameter, options: Partial<Omit<RandomResizedCropParameters, "size">> = {}) =>
  describe(randomResizedCrop, { size, ...options });
