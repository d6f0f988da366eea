import { cos, sin } from "../../core/math.js";

/** Pillow's filters by torchvision's names. All but `nearest` are antialiased: their support widens when an image shrinks. */
export type Interpolation = "nearest" | "box" | "bilinear" | "hamming" | "bicubic" | "lanczos";

interface Filter {
  /** Half width at scale 1, in input pixels. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : sin(x * Math.PI) / (x * Math.PI));
/** The a of Keys' cubic convolution (1981) that Pillow uses. */
const cubic = -0.5;

const filters: Record<Exclude<Interpolation, "nearest">, Filter> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Pillow writes the two constants as C floats.
  hamming: { support: 1, weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (Math.fround(0.54) + Math.fround(0.46) * cos(x * Math.PI))) },
  bicubic: {
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return ((cubic + 2) * x - (cubic + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * cubic : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

export const interpolations: readonly string[] = ["nearest", ...Object.keys(filters)];

/** Fraction bits of a coefficient (Pillow's PRECISION_BITS); assembly/image/resample.ts has the same. */
const fractionBits = 22;

/** Which input pixels make an output pixel, and how much of each: the tables of one pass. */
export interface Taps {
  /** `[outputs, 2]`: first input pixel and number of taps. */
  readonly bounds: Int32Array;
  /** `[outputs, taps]` in 1 / 2^22, zero after an output's last tap. */
  readonly coefficients: Int32Array;
  /** Row length of `coefficients`, a multiple of 4. */
  readonly taps: number;
}

/** The part of an axis that a pass reads and writes. */
export interface Axis {
  /** Input pixels along the axis. */
  readonly input: number;
  /** Output pixels that the whole interval makes. */
  readonly output: number;
  /** Interval of the input to resize, in pixels; edges may be fractions. Default: all of it. */
  readonly from?: number;
  readonly to?: number;
  /** Which of the outputs are wanted. Default: all. */
  readonly first?: number;
  readonly count?: number;
}

/** Tables of sizes seen lately: images of a data set that are alike need the same few again and again. */
const made = new Map<string, Taps>();
const mostMade = 256;
/** Tables of large images are large, and seldom the same. */
const mostCoefficients = 2048;

/** Coefficient tables as Pillow's Resample.c makes them (precompute_coeffs, normalize_coeffs_8bpc), in double precision. */
export function resampleTaps(axis: Axis, interpolation: Exclude<Interpolation, "nearest">): Taps {
  const { input, output, from, to, first, count = output } = axis;
  const key = [interpolation, input, output, from, to, first, count].join();
  const taps = made.get(key) ?? makeTaps(axis, interpolation);
  if (made.size === mostMade) made.clear();
  if (taps.coefficients.length <= mostCoefficients) made.set(key, taps);
  return taps;
}

function makeTaps(axis: Axis, interpolation: Exclude<Interpolation, "nearest">): Taps {
  const { input, output, first = 0, count = output } = axis;
  const { support, weight } = filters[interpolation];
  const { start, step: scale } = stepsOf(axis);
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const taps = (Math.ceil(reach) * 2 + 1 + 3) & ~3;
  const bounds = new Int32Array(count * 2);
  const coefficients = new Int32Array(count * taps);
  const weights = new Float64Array(taps);
  for (let i = 0; i < count; i++) {
    const center = start + (first + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - reach + 0.5));
    const size = Math.min(input, Math.trunc(center + reach + 0.5)) - low;
    let sum = 0;
    for (let tap = 0; tap < size; tap++) {
      weights[tap] = weight((tap + low - center + 0.5) * (1 / stretch));
      sum += weights[tap];
    }
    bounds[2 * i] = low;
    bounds[2 * i + 1] = size;
    for (let tap = 0; tap < size; tap++) {
      const share = (sum === 0 ? weights[tap] : weights[tap] / sum) * (1 << fractionBits);
      coefficients[i * taps + tap] = share < 0 ? share - 0.5 : share + 0.5;
    }
  }
  return { bounds, coefficients, taps };
}

/** The interval of one output along an axis, and where the first begins. */
export interface Steps {
  readonly start: number;
  readonly step: number;
}

/** `start` and `step` of an axis, with Pillow's rounding of the interval to C floats. */
export function stepsOf({ input, output, from = 0, to = input }: Axis): Steps {
  const start = Math.fround(from);
  return { start, step: Math.fround(Math.fround(to) - start) / output };
}

/**
 * The input pixel under the centre of each wanted output, -1 outside the input. Pillow adds the step up from output to output, so the
 * rounding of the sum is part of the rule (ImagingScaleAffine).
 */
export function nearestPixels(axis: Axis, { start, step }: Steps = stepsOf(axis)): Int32Array {
  const { input, output, first = 0, count = output } = axis;
  const pixels = new Int32Array(count);
  let at = start + step * 0.5;
  for (let i = 0; i < first + count; i++, at += step) {
    if (i >= first) pixels[i - first] = at < 0 || Math.trunc(at) >= input ? -1 : Math.trunc(at);
  }
  return pixels;
}
