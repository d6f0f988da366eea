import { LimitError } from "../../core/errors.js";
import { cos, sin, tan } from "../../core/math.js";
import type { Canvas, Raster } from "./canvas.js";
import {
  checkFill,
  checkFlag,
  checkInterpolation,
  checkNumber,
  checkNumberOrNumbers,
  checkNumbers,
  checkRange,
  type Definition,
  describe,
  type Fill,
  fillPixel,
  type ImageSize,
  type WarpInterpolation,
  warpInterpolations,
} from "./definition.js";
import { downwards, gather, gatherTransposed, upwards } from "./gather.js";
import { nearestPixels } from "./resample.js";
import { roundHalfEven } from "./rounding.js";

/** `[a b c; d e f]`: where in the input an output point lies, x' = a x + b y + c, y' = d x + e y + f. */
type Matrix = readonly [number, number, number, number, number, number];

const radians = (degrees: number) => degrees * (Math.PI / 180);
/** Rounded to 15 decimals, as Pillow's rotate does so that quarter turns are exact. */
const rounded = (x: number) => Number(x.toFixed(15));

/** Largest distance from the origin that the 16.16 fixed point of nearest warps reaches. */
const fixedPointLimit = 32768;
const fixedPoint = (x: number) => Math.floor(x * 65536 + 0.5);

/** Pillow's `Image.transform` with AFFINE: an image of `size` whose pixel centres are looked up through `matrix`. */
export function affine(canvas: Canvas, image: Raster, size: ImageSize, matrix: Matrix, interpolation: WarpInterpolation, fill: Fill): Raster {
  const { width, height } = size;
  const [a, b, c, d, e, f] = matrix;
  const outside = fillPixel(fill);
  if (interpolation === "nearest" && b === 0 && d === 0) {
    const axis = (input: number, output: number, step: number, start: number) => nearestPixels({ input, output }, { start, step });
    return gather(canvas, image, axis(image.height, height, e, f), axis(image.width, width, a, c), outside);
  }
  const to = canvas.raster(width, height, image.channels);
  const { kernels } = canvas;
  if (interpolation !== "nearest") {
    const kernel = interpolation === "bilinear" ? kernels.affine_u8_bilinear : kernels.affine_u8_bicubic;
    kernel(to.at, image.at, a, b, c, d, e, f, outside, width, to.stride, image.width, image.height, image.stride, 0, height);
    return to;
  }
  const corners = [
    [0, 0],
    [width, 0],
    [0, height],
    [width, height],
  ].flatMap(([x, y]) => [x * a + y * b + c, x * d + y * e + f]);
  if (corners.some((at) => Math.abs(at) >= fixedPointLimit))
    throw new LimitError(`affine: ${image.width}x${image.height} pixels reach beyond ${fixedPointLimit} after the warp`);
  const start = (x: number, y: number, offset: number) => fixedPoint(offset + x * 0.5 + y * 0.5);
  kernels.affine_u8_nearest(
    to.at,
    image.at,
    fixedPoint(a),
    fixedPoint(b),
    start(a, b, c),
    fixedPoint(d),
    fixedPoint(e),
    start(d, e, f),
    outside,
    width,
    to.stride,
    image.width,
    image.height,
    image.stride,
    0,
    height,
  );
  return to;
}

/** A quarter or half turn counter-clockwise, as whole pixels. */
function turn(canvas: Canvas, image: Raster, degrees: number): Raster {
  const { width, height } = image;
  if (degrees === 180) return gather(canvas, image, downwards(height), downwards(width));
  if (degrees === 90) return gatherTransposed(canvas, image, downwards(width), upwards(height));
  return gatherTransposed(canvas, image, upwards(width), downwards(height));
}

interface RotationParameters {
  degrees: number | readonly number[];
  interpolation: WarpInterpolation;
  expand: boolean;
  center: readonly number[] | null;
  fill: Fill;
}

/** Pillow's `Image.rotate`: counter-clockwise about `center` (default the middle); `expand` makes the result hold every corner. */
export function rotate(canvas: Canvas, image: Raster, angle: number, { interpolation, expand, center, fill }: Omit<RotationParameters, "degrees">): Raster {
  const degrees = ((angle % 360) + 360) % 360;
  const { width, height } = image;
  if (!center) {
    if (degrees === 0) return image;
    if (degrees === 180 || ((degrees === 90 || degrees === 270) && (expand || width === height))) return turn(canvas, image, degrees);
  }
  const [x, y] = center ?? [width / 2, height / 2];
  const back = -radians(degrees);
  const cosine = rounded(cos(back));
  const sine = rounded(sin(back));
  const over = (u: number, v: number, offset: number) => cosine * u + sine * v + offset;
  const under = (u: number, v: number, offset: number) => -sine * u + cosine * v + offset;
  let c = over(-x, -y, 0) + x;
  let f = under(-x, -y, 0) + y;
  let size: ImageSize = image;
  if (expand) {
    const corners = [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ];
    const extent = (values: number[]) => Math.ceil(Math.max(...values)) - Math.floor(Math.min(...values));
    size = { width: extent(corners.map(([u, v]) => over(u, v, c))), height: extent(corners.map(([u, v]) => under(u, v, f))) };
    const shiftX = -(size.width - width) / 2;
    const shiftY = -(size.height - height) / 2;
    [c, f] = [over(shiftX, shiftY, c), under(shiftX, shiftY, f)];
  }
  return affine(canvas, image, size, [cosine, sine, c, -sine, cosine, f], interpolation, fill);
}

/** A number means -number to number. */
const interval = (value: number | readonly number[]) => (typeof value === "number" ? [-value, value] : value);

function checkDegrees(where: string, value: unknown): void {
  if (Array.isArray(value)) checkRange(where, value, {});
  else checkNumber(where, value, { least: 0 });
}

export const randomRotation: Definition<RotationParameters, number> = {
  name: "RandomRotation",
  defaults: { degrees: undefined, interpolation: "nearest", expand: false, center: null, fill: 0 },
  bytesOnly: true,
  check({ degrees, interpolation, expand, center, fill }) {
    checkDegrees("RandomRotation: degrees", degrees);
    checkInterpolation("RandomRotation: interpolation", interpolation, warpInterpolations);
    checkFlag("RandomRotation: expand", expand);
    if (center !== null) checkNumbers("RandomRotation: center", center, [2], {});
    checkFill("RandomRotation: fill", fill);
  },
  sample({ degrees }, _image, random) {
    const [low, high] = interval(degrees);
    return random().uniform(low, high);
  },
  apply: (canvas, image, angle, parameters) => rotate(canvas, image, angle, parameters),
};

/**
 * Rotates by a random angle, with Pillow's arithmetic.
 * @param degrees a number for -degrees to degrees, or `[low, high]`; counter-clockwise
 * @param options.center `[x, y]` in pixels, default the middle
 */
export const RandomRotation = (degrees: number | readonly number[], options: Partial<Omit<RotationParameters, "degrees">> = {}) =>
  describe(randomRotation, { degrees, ...options });

interface AffineParameters {
  degrees: number | readonly number[];
  translate: readonly number[] | null;
  scale: readonly number[] | null;
  shear: number | readonly number[] | null;
  interpolation: WarpInterpolation;
  fill: Fill;
  center: readonly number[] | null;
}

/** Angle and shear in degrees, clockwise; translation in pixels. */
export interface AffineSample {
  readonly angle: number;
  readonly translate: readonly [number, number];
  readonly scale: number;
  readonly shear: readonly [number, number];
}

/** Inverse of T C R S Shear C^-1: torchvision's _get_inverse_affine_matrix. */
export function inverseAffineMatrix([centerX, centerY]: readonly number[], { angle, translate, scale, shear }: AffineSample): Matrix {
  const rotation = radians(angle);
  const [shearX, shearY] = shear.map(radians);
  const a = cos(rotation - shearY) / cos(shearY);
  const b = (-cos(rotation - shearY) * tan(shearX)) / cos(shearY) - sin(rotation);
  const c = sin(rotation - shearY) / cos(shearY);
  const d = (-sin(rotation - shearY) * tan(shearX)) / cos(shearY) + cos(rotation);
  const [m0, m1, m3, m4] = [d, -b, -c, a].map((x) => x / scale);
  const offset = (x: number, y: number) => x * (-centerX - translate[0]) + y * (-centerY - translate[1]);
  return [m0, m1, offset(m0, m1) + centerX, m3, m4, offset(m3, m4) + centerY];
}

export const randomAffine: Definition<AffineParameters, AffineSample> = {
  name: "RandomAffine",
  defaults: { degrees: undefined, translate: null, scale: null, shear: null, interpolation: "nearest", fill: 0, center: null },
  bytesOnly: true,
  check({ degrees, translate, scale, shear, interpolation, fill, center }) {
    checkDegrees("RandomAffine: degrees", degrees);
    if (translate !== null) checkNumbers("RandomAffine: translate", translate, [2], { least: 0, most: 1 });
    if (scale !== null) checkRange("RandomAffine: scale", scale, { above: 0 });
    if (shear !== null) checkNumberOrNumbers("RandomAffine: shear", shear, [2, 4], typeof shear === "number" ? { least: 0 } : {});
    checkInterpolation("RandomAffine: interpolation", interpolation, warpInterpolations);
    checkFill("RandomAffine: fill", fill);
    if (center !== null) checkNumbers("RandomAffine: center", center, [2], {});
  },
  sample({ degrees, translate, scale, shear }, { width, height }, random) {
    const draw = random();
    const [low, high] = interval(degrees);
    const angle = draw.uniform(low, high);
    const shift = (share: number, size: number) => roundHalfEven(draw.uniform(-share * size, share * size));
    const moved: [number, number] = translate ? [shift(translate[0], width), shift(translate[1], height)] : [0, 0];
    const factor = scale ? draw.uniform(scale[0], scale[1]) : 1;
    const [lowX, highX, lowY, highY] = shear === null ? [] : interval(shear);
    const shearX = lowX === undefined ? 0 : draw.uniform(lowX, highX);
    return { angle, translate: moved, scale: factor, shear: [shearX, lowY === undefined ? 0 : draw.uniform(lowY, highY)] };
  },
  apply(canvas, image, sample, { interpolation, fill, center }) {
    const matrix = inverseAffineMatrix(center ?? [image.width * 0.5, image.height * 0.5], sample);
    return affine(canvas, image, image, matrix, interpolation, fill);
  },
};

/**
 * Rotates, moves, scales and shears at random about the middle, with Pillow's arithmetic.
 * @param degrees a number for -degrees to degrees, or `[low, high]`; clockwise, as torchvision's affine
 * @param options.translate largest shift as shares of width and height
 * @param options.scale range of the factor
 * @param options.shear degrees: a number or `[low, high]` along x, or `[lowX, highX, lowY, highY]`
 */
export const RandomAffine = (degrees: number | readonly number[], options: Partial<Omit<AffineParameters, "degrees">> = {}) =>
  describe(randomAffine, { degrees, ...options });
