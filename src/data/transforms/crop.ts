import { DataError } from "../../core/errors.js";
import { exp, log } from "../../core/math.js";
import type { Random } from "../../core/random.js";
import type { Canvas, Raster } from "./canvas.js";
import {
  checkChoice,
  checkFill,
  checkFlag,
  checkNumberOrNumbers,
  checkSize,
  type Definition,
  describe,
  type Fill,
  fillPixel,
  type ImageSize,
  type SizeParameter,
  sizePair,
} from "./definition.js";
import { gather } from "./gather.js";
import { roundHalfEven } from "./rounding.js";

/** A part of an image in pixels; it may reach beyond the image. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export type PaddingMode = "constant" | "edge" | "reflect" | "symmetric";

/** The rectangle's pixels: a view where it lies inside the image, else a copy with `fill` outside. */
export function crop(canvas: Canvas, image: Raster, rectangle: Rectangle, fill: Fill = 0, mode: PaddingMode = "constant"): Raster {
  const { top, left, width, height } = rectangle;
  if (top >= 0 && left >= 0 && top + height <= image.height && left + width <= image.width) {
    return { ...image, at: image.at + top * image.stride + left * 4, width, height };
  }
  canvas.checkSize(width, height);
  return gather(canvas, image, sourceOf(top, height, image.height, mode), sourceOf(left, width, image.width, mode), fillPixel(fill));
}

/** Input index of outputs first .. first + count along an axis; -1 where the fill goes. As numpy.pad, also for wide borders. */
function sourceOf(first: number, count: number, size: number, mode: PaddingMode): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const at = first + i;
    if (at >= 0 && at < size) return at;
    if (mode === "constant") return -1;
    if (mode === "edge") return at < 0 ? 0 : size - 1;
    return reflected(at, size, mode === "symmetric");
  });
}

/** `at` folded back into 0 .. size - 1 at the ends; the end itself is repeated if `twice`. */
export function reflected(at: number, size: number, twice: boolean): number {
  if (size === 1) return 0;
  const period = twice ? 2 * size : 2 * size - 2;
  const folded = ((at % period) + period) % period;
  return folded < size ? folded : (twice ? 2 * size - 1 : 2 * size - 2) - folded;
}

/** Where torchvision's center_crop cuts: a larger crop is padded with 0 first, the odd pixel at the bottom and right. */
export function centerRectangle({ width, height }: ImageSize, size: SizeParameter): Rectangle {
  const [cropHeight, cropWidth] = sizePair(size);
  const start = (outer: number, inner: number) => (inner > outer ? -Math.floor((inner - outer) / 2) : roundHalfEven((outer - inner) / 2));
  return { top: start(height, cropHeight), left: start(width, cropWidth), height: cropHeight, width: cropWidth };
}

export interface CenterCropParameters {
  size: SizeParameter;
}

export const centerCrop: Definition<CenterCropParameters, Rectangle> = {
  name: "CenterCrop",
  defaults: { size: undefined },
  bytesOnly: true,
  check: ({ size }) => checkSize("CenterCrop: size", size),
  sample: ({ size }, image) => centerRectangle(image, size),
  apply: (canvas, image, rectangle) => crop(canvas, image, rectangle),
};

/**
 * Cuts the middle out. Where the crop is larger than the image, 0 surrounds it.
 * @param size pixels, a number for a square or `[height, width]`
 */
export const CenterCrop = (size: SizeParameter) => describe(centerCrop, { size });

export interface CornerCropParameters extends CenterCropParameters {
  vertical: "top" | "bottom";
  horizontal: "left" | "right";
}

export const cornerCrop: Definition<CornerCropParameters, Rectangle> = {
  name: "CornerCrop",
  defaults: { size: undefined, vertical: "top", horizontal: "left" },
  bytesOnly: true,
  check({ size, vertical, horizontal }) {
    checkSize("CornerCrop: size", size);
    checkChoice("CornerCrop: vertical", vertical, ["top", "bottom"]);
    checkChoice("CornerCrop: horizontal", horizontal, ["left", "right"]);
  },
  sample({ size, vertical, horizontal }, image) {
    const [height, width] = sizePair(size);
    if (height > image.height || width > image.width) {
      throw new DataError(`CornerCrop: a crop of ${width}x${height} does not fit into ${image.width}x${image.height} pixels`);
    }
    return { top: vertical === "top" ? 0 : image.height - height, left: horizontal === "left" ? 0 : image.width - width, height, width };
  },
  apply: (canvas, image, rectangle) => crop(canvas, image, rectangle),
};

/** Cuts a corner out, by default the one at the top left: with the middle, torchvision's FiveCrop. @throws {DataError} when run on an image smaller than the crop */
export const CornerCrop = (size: SizeParameter, options: Partial<Omit<CornerCropParameters, "size">> = {}) => describe(cornerCrop, { size, ...options });

/** One for all sides, `[left and right, top and bottom]` or `[left, top, right, bottom]`. */
type Padding = number | readonly number[];

interface PadParameters {
  padding: Padding;
  fill: Fill;
  paddingMode: PaddingMode;
}

const paddingModes = ["constant", "edge", "reflect", "symmetric"];
const checkPadding = (where: string, padding: unknown) => checkNumberOrNumbers(where, padding, [1, 2, 4], { least: 0, whole: true });

function padded({ width, height }: ImageSize, padding: Padding): Rectangle {
  const [left, top = left, right = left, bottom = top] = typeof padding === "number" ? [padding] : padding;
  return { top: -top, left: -left, height: height + top + bottom, width: width + left + right };
}

export const pad: Definition<PadParameters, Rectangle> = {
  name: "Pad",
  defaults: { padding: undefined, fill: 0, paddingMode: "constant" },
  bytesOnly: true,
  check({ padding, fill, paddingMode }) {
    checkPadding("Pad: padding", padding);
    checkFill("Pad: fill", fill);
    checkChoice("Pad: paddingMode", paddingMode, paddingModes);
  },
  sample: ({ padding }, image) => padded(image, padding),
  apply: (canvas, image, rectangle, { fill, paddingMode }) => crop(canvas, image, rectangle, fill, paddingMode),
};

/** Adds a border. @param padding pixels: one number, `[left and right, top and bottom]` or `[left, top, right, bottom]` */
export const Pad = (padding: Padding, options: Partial<Omit<PadParameters, "padding">> = {}) => describe(pad, { padding, ...options });

interface RandomCropParameters extends Omit<PadParameters, "padding"> {
  size: SizeParameter;
  padding: Padding | null;
  padIfNeeded: boolean;
}

export const randomCrop: Definition<RandomCropParameters, { readonly border: Rectangle; readonly part: Rectangle }> = {
  name: "RandomCrop",
  defaults: { size: undefined, padding: null, padIfNeeded: false, fill: 0, paddingMode: "constant" },
  bytesOnly: true,
  check({ size, padding, padIfNeeded, fill, paddingMode }) {
    checkSize("RandomCrop: size", size);
    if (padding !== null) checkPadding("RandomCrop: padding", padding);
    checkFlag("RandomCrop: padIfNeeded", padIfNeeded);
    checkFill("RandomCrop: fill", fill);
    checkChoice("RandomCrop: paddingMode", paddingMode, paddingModes);
  },
  sample({ size, padding, padIfNeeded }, image, random) {
    const [height, width] = sizePair(size);
    let border = padded(image, padding ?? 0);
    if (padIfNeeded) {
      const wider = Math.max(0, width - border.width);
      const higher = Math.max(0, height - border.height);
      border = { top: border.top - higher, left: border.left - wider, height: border.height + 2 * higher, width: border.width + 2 * wider };
    }
    if (height > border.height || width > border.width) {
      throw new DataError(`RandomCrop: a crop of ${width}x${height} does not fit into ${border.width}x${border.height} pixels`);
    }
    const top = random().integer(border.height - height + 1);
    const left = random().integer(border.width - width + 1);
    return { border, part: { top, left, height, width } };
  },
  apply: (canvas, image, { border, part }, { fill, paddingMode }) => crop(canvas, crop(canvas, image, border, fill, paddingMode), part),
};

/** Cuts a part of a fixed size at a random place, after padding. @throws {DataError} when run on an image smaller than the crop */
export const RandomCrop = (size: SizeParameter, options: Partial<Omit<RandomCropParameters, "size">> = {}) => describe(randomCrop, { size, ...options });

/** Attempts at a rectangle that fits before the middle is taken (torchvision's get_params). */
const attempts = 10;

/** A rectangle with a random share of the area and a log-uniform aspect ratio: torchvision's RandomResizedCrop.get_params. */
export function randomRectangle({ width, height }: ImageSize, scale: readonly number[], ratio: readonly number[], random: Random): Rectangle {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = width * height * random.uniform(scale[0], scale[1]);
    const aspect = exp(random.uniform(log(ratio[0]), log(ratio[1])));
    const w = roundHalfEven(Math.sqrt(area * aspect));
    const h = roundHalfEven(Math.sqrt(area / aspect));
    if (w > 0 && h > 0 && w <= width && h <= height) {
      const top = random.integer(height - h + 1);
      return { top, left: random.integer(width - w + 1), height: h, width: w };
    }
  }
  const [narrow, wide] = ratio;
  const w = width / height > wide ? roundHalfEven(height * wide) : width;
  const h = width / height < narrow ? roundHalfEven(width / narrow) : height;
  return { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w };
}
