import type { Canvas, Raster } from "../canvas.js";
import type { Fill, WarpInterpolation } from "../definition.js";
import { affine, rotate } from "../warp.js";
import * as enhance from "./enhance.js";

/** A change of an image by a number whose meaning is the operation's. */
type Change = (canvas: Canvas, image: Raster, value: number) => Raster;
type Warp = (canvas: Canvas, image: Raster, value: number, interpolation: WarpInterpolation, fill: Fill) => Raster;

const warp =
  (matrix: (value: number) => Parameters<typeof affine>[3]): Warp =>
  (canvas, image, value, interpolation, fill) =>
    affine(canvas, image, image, matrix(value), interpolation, fill);

/** What policies are made of, each as Pillow does it. */
const operations = {
  Identity: (_canvas, image) => image,
  /** Horizontal shift of a row per row, in pixels. */
  ShearX: warp((factor) => [1, factor, 0, 0, 1, 0]),
  ShearY: warp((factor) => [1, 0, 0, factor, 1, 0]),
  /** Pixels to the left. */
  TranslateX: warp((pixels) => [1, 0, pixels, 0, 1, 0]),
  /** Pixels upwards. */
  TranslateY: warp((pixels) => [1, 0, 0, 0, 1, pixels]),
  /** Degrees counter-clockwise. */
  Rotate: (canvas, image, degrees, interpolation, fill) => rotate(canvas, image, degrees, { interpolation, expand: false, center: null, fill }),
  Brightness: enhance.enhanceBrightness,
  Color: enhance.enhanceColor,
  Contrast: enhance.enhanceContrast,
  Sharpness: enhance.enhanceSharpness,
  /** Bits that are kept. */
  Posterize: enhance.posterize,
  /** Threshold. */
  Solarize: enhance.solarize,
  SolarizeAdd: enhance.solarizeAdd,
  AutoContrast: enhance.autoContrast as Change,
  Equalize: enhance.equalize as Change,
  Invert: enhance.invert as Change,
  /** Standard deviation in pixels. */
  GaussianBlur: enhance.boxGaussianBlur,
} satisfies Record<string, Warp>;

export type OperationName = keyof typeof operations;

/** An operation with everything that it needs: what a policy draws. */
export interface Operation {
  readonly name: OperationName;
  readonly value: number;
  /** Of those that move pixels. */
  readonly interpolation: WarpInterpolation;
}

export function applyOperation(canvas: Canvas, image: Raster, { name, value, interpolation }: Operation, fill: Fill): Raster {
  return (operations[name] as Warp)(canvas, image, value, interpolation, fill);
}

export function applyOperations(canvas: Canvas, image: Raster, chain: readonly Operation[], fill: Fill): Raster {
  return chain.reduce((result, operation) => applyOperation(canvas, result, operation, fill), image);
}

/** Sum of images times shares, in float32, cut to bytes. */
export function mix(canvas: Canvas, terms: readonly { readonly image: Raster; readonly share: number }[]): Raster {
  const { width, height, channels } = terms[0].image;
  const sums = canvas.allocate(width * height * 16);
  new Float32Array(canvas.buffer, sums, width * height * 4).fill(0);
  for (const { image, share } of terms) canvas.kernels.accumulate_u8(sums, image.at, share, width, image.stride, 0, height);
  const to = canvas.raster(width, height, channels);
  canvas.kernels.truncate_u8(to.at, sums, width, to.stride, 0, height);
  return to;
}
