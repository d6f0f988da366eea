/**
 * Transforms of Winograd's minimal filtering F(size x size, 3 x 3) for size 2 and 4 (Lavin and Gray 2016): a tile of
 * outputs is A^T [(G g G^T) * (B^T d B)] A of a window d of (size + 2)^2 inputs. The points at which polynomials are
 * multiplied are 0, 1, -1 and infinity for size 2; for size 4 they are 0, +-sqrt(1/2), +-sqrt(2) and infinity, whose
 * error is a fifth of that of 0, +-1, +-2. The gradient of the weight is F(3 x 3, 4 x 4) on the points of size 4: tiles of
 * dy take the filter's place, so that G has 4 columns and A 3.
 */
import { clamp, madd } from "./simd";

/** Points along one axis; size 3 are the taps of a weight's gradient. */
// @ts-ignore: decorator
@inline
function pointsOf(size: i32): i32 {
  return size == 2 ? 4 : 6;
}

/** Bytes that the transforms use for themselves: a window of 4 channels, and one that is transformed along one axis. */
// @ts-ignore: decorator
@inline
export const transformBytes: usize = 2 * 6 * 6 * 16;

// @ts-ignore: decorator
@inline
const rootOfHalf: f32 = 0.70710678;

/** `step` bytes apart at `to`: B^T times the vectors that lie `apart` bytes apart at `from`. */
// @ts-ignore: decorator
@inline
function inputLine(size: i32, to: usize, step: usize, from: usize, apart: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from + apart), d2 = v128.load(from + 2 * apart), d3 = v128.load(from + 3 * apart);
  if (size == 2) {
    v128.store(to, f32x4.sub(d0, d2));
    v128.store(to + step, f32x4.add(d1, d2));
    v128.store(to + 2 * step, f32x4.sub(d2, d1));
    v128.store(to + 3 * step, f32x4.sub(d3, d1));
  } else {
    const d4 = v128.load(from + 4 * apart), d5 = v128.load(from + 5 * apart);
    v128.store(to, madd(d2, f32x4.splat(-2.5), f32x4.add(d0, d4)));
    v128.store(to + 5 * step, madd(d3, f32x4.splat(-2.5), f32x4.add(d1, d5)));
    let even = madd(d2, f32x4.splat(-2), d4), odd = f32x4.mul(madd(d1, f32x4.splat(-2), d3), f32x4.splat(rootOfHalf));
    v128.store(to + step, f32x4.add(even, odd));
    v128.store(to + 2 * step, f32x4.sub(even, odd));
    even = madd(d2, f32x4.splat(-0.5), d4);
    odd = f32x4.mul(f32x4.sub(f32x4.add(d3, d3), d1), f32x4.splat(rootOfHalf));
    v128.store(to + 3 * step, f32x4.add(even, odd));
    v128.store(to + 4 * step, f32x4.sub(even, odd));
  }
}

/** As `inputLine` for a tile of dy: G of F(3, 4) times 4 vectors. */
// @ts-ignore: decorator
@inline
function gradientLine(to: usize, step: usize, from: usize, apart: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from + apart), d2 = v128.load(from + 2 * apart), d3 = v128.load(from + 3 * apart);
  v128.store(to, d0);
  v128.store(to + 5 * step, d3);
  let even = f32x4.mul(madd(d2, f32x4.splat(0.5), d0), f32x4.splat(-2.0 / 3));
  let odd = f32x4.mul(madd(d3, f32x4.splat(0.5), d1), f32x4.splat((-2.0 / 3) * rootOfHalf));
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = f32x4.mul(madd(d2, f32x4.splat(2), d0), f32x4.splat(1.0 / 6));
  odd = f32x4.mul(madd(d3, f32x4.splat(2), d1), f32x4.splat((1.0 / 3) * rootOfHalf));
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
}

/** `step` bytes apart at `to`: A^T times the vectors that lie `apart` bytes apart at `from`. */
// @ts-ignore: decorator
@inline
function outputLine(size: i32, to: usize, step: usize, from: usize, apart: usize): void {
  const m0 = v128.load(from), m1 = v128.load(from + apart), m2 = v128.load(from + 2 * apart), m3 = v128.load(from + 3 * apart);
  const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
  if (size == 2) {
    v128.store(to, f32x4.add(m0, sum));
    v128.store(to + step, f32x4.add(difference, m3));
  } else {
    const m4 = v128.load(from + 4 * apart), m5 = v128.load(from + 5 * apart);
    const outerSum = f32x4.add(m3, m4), outerDifference = f32x4.sub(m3, m4);
    v128.store(to, f32x4.add(f32x4.add(m0, sum), outerSum));
    v128.store(to + step, f32x4.mul(madd(outerDifference, f32x4.splat(2), difference), f32x4.splat(rootOfHalf)));
    const square = madd(sum, f32x4.splat(0.5), f32x4.add(outerSum, outerSum));
    if (size == 3) {
      v128.store(to + 2 * step, f32x4.add(square, m5));
      return;
    }
    v128.store(to + 2 * step, square);
    const high = madd(difference, f32x4.splat(0.5), f32x4.mul(outerDifference, f32x4.splat(4)));
    v128.store(to + 3 * step, madd(high, f32x4.splat(rootOfHalf), m5));
  }
}

/**
 * B^T d B, or of a tile of dy (window = size) G d G^T, of the window whose first pixel would lie at `x`, `channels` floats
 * a pixel, `step` bytes between its elements at `v`. Only rows top..bottom and columns left..right of it lie in the image;
 * the others are zero.
 */
// @ts-ignore: decorator
@inline
function inputTile(
  size: i32, window: i32, v: usize, step: usize, x: usize, line: usize, channels: i32, top: i32, bottom: i32, left: i32, right: i32, work: usize,
): void {
  const points = pointsOf(size), row = <usize>window << 4, half = work + transformBytes / 2, pixel = <usize>channels << 2;
  const inside = top == 0 && left == 0 && bottom == window && right == window;
  if (!inside) memory.fill(work, 0, transformBytes / 2);
  for (let c = 0; c < channels; c += 4, x += 16, v += 16) {
    let from = inside ? x : work;
    const down = inside ? line : row, across = inside ? pixel : 16;
    if (!inside) {
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) v128.store(work + <usize>i * row + (<usize>j << 4), v128.load(x + <usize>i * line + <usize>j * pixel));
      }
    }
    for (let j = 0, to = half; j < window; j++, to += 16, from += across) {
      if (window == size) gradientLine(to, row, from, down);
      else inputLine(size, to, row, from, down);
    }
    for (let i = 0, to = v, at = half; i < points; i++, to += <usize>points * step, at += row) {
      if (window == size) gradientLine(to, step, at, 16);
      else inputLine(size, to, step, at, 16);
    }
  }
}

/** y = A^T m A (+ bias, bounded): `rows` x `columns` pixels of `channels` floats, elements of m `step` bytes apart. */
// @ts-ignore: decorator
@inline
function outputTile(
  size: i32, y: usize, line: usize, pixel: usize, rows: i32, columns: i32, channels: i32,
  m: usize, step: usize, bias: usize, low: f32, high: f32, work: usize,
): void {
  const points = pointsOf(size), row = <usize>points << 4, half = work + transformBytes / 2;
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let c = 0; c < channels; c += 4, m += 16, y += 16) {
    for (let j = 0, at = m, to = half; j < points; j++, at += step, to += 16) outputLine(size, to, row, at, <usize>points * step);
    let shift = f32x4.splat(0);
    if (bias) {
      shift = v128.load(bias);
      bias += 16;
    }
    for (let i = 0, at = half, to = y; i < rows; i++, at += row, to += line) {
      outputLine(size, work, 16, at, 16);
      for (let j = 0, from = work, end = to; j < columns; j++, from += 16, end += pixel) {
        const value = clamp(f32x4.add(v128.load(from), shift), lo, hi);
        if (channels - c >= 4) v128.store(end, value);
        else storeLanes(end, value, channels - c);
      }
    }
  }
}

/** The first 1 to 3 lanes: what lies after them belongs to another pixel. */
function storeLanes(to: usize, value: v128, lanes: i32): void {
  f32.store(to, f32x4.extract_lane(value, 0));
  if (lanes > 1) f32.store(to, f32x4.extract_lane(value, 1), 4);
  if (lanes > 2) f32.store(to, f32x4.extract_lane(value, 2), 8);
}

/**
 * Transformed windows V [points^2][count][row bytes] of `count` tiles from `tile` on, of x [.., height, width, channels] whose first
 * window of each image starts at (originY, originX); matrices are `step` bytes apart. Windows have size + 2 pixels a side, or
 * `size` for tiles of dy. Up to 3 floats after a row are overwritten.
 */
export function inputTiles(
  size: i32, window: i32, v: usize, row: usize, step: usize, x: usize, height: i32, width: i32, channels: i32, originY: i32, originX: i32,
  down: i32, across: i32, tile: i32, count: i32, work: usize,
): void {
  const line = <usize>(width * channels) << 2;
  for (; count > 0; count--, tile++, v += row) {
    const strip = tile / across, image = strip / down;
    const iy = originY + (strip - image * down) * size, ix = originX + (tile - strip * across) * size;
    const top = max(-iy, 0), bottom = min(height - iy, window), left = max(-ix, 0), right = min(width - ix, window);
    const from = x + <usize>(((image * height + iy) * width + ix) * channels << 2);
    if (size == 2) inputTile(2, 4, v, step, from, line, channels, top, bottom, left, right, work);
    else if (window == 4) inputTile(4, 4, v, step, from, line, channels, top, bottom, left, right, work);
    else inputTile(4, 6, v, step, from, line, channels, top, bottom, left, right, work);
  }
}

/** y [.., height, width, channels] of `count` tiles from `tile` on: the first `columns` channels at `y`, from m [..][count][row bytes]. */
export function outputTiles(
  size: i32, y: usize, height: i32, width: i32, channels: i32, columns: i32, m: usize, row: usize, step: usize,
  bias: usize, down: i32, across: i32, tile: i32, count: i32, low: f32, high: f32, work: usize,
): void {
  const pixel = <usize>channels << 2, line = <usize>width * pixel;
  for (; count > 0; count--, tile++, m += row) {
    const strip = tile / across, image = strip / down;
    const oy = (strip - image * down) * size, ox = (tile - strip * across) * size;
    const rows = min(height - oy, size), wide = min(width - ox, size);
    const to = y + <usize>((image * height + oy) * width + ox) * pixel;
    if (size == 2) outputTile(2, to, line, pixel, rows, wide, columns, m, step, bias, low, high, work);
    else outputTile(4, to, line, pixel, rows, wide, columns, m, step, bias, low, high, work);
  }
}

/** A row of dweight's nine taps, `tap` bytes apart at `dw`, from products `step` bytes apart at `m`. */
export function outputTaps(dw: usize, tap: usize, columns: i32, m: usize, step: usize, work: usize): void {
  outputTile(3, dw, 3 * tap, tap, 3, 3, columns, m, step, 0, -Infinity, Infinity, work);
}

// @ts-ignore: decorator
@inline
const root2: f64 = 1.4142135623730951;

/** As `inputLine` for the filter, in float64: G times the three pairs of numbers at `from`. */
// @ts-ignore: decorator
@inline
function filterLine(size: i32, narrow: bool, to: usize, step: usize, from: usize, apart: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from + apart), g2 = v128.load(from + 2 * apart);
  put(narrow, to, g0);
  if (size == 2) {
    const half = f64x2.splat(0.5), even = f64x2.mul(f64x2.add(g0, g2), half), odd = f64x2.mul(g1, half);
    put(narrow, to + step, f64x2.add(even, odd));
    put(narrow, to + 2 * step, f64x2.sub(even, odd));
    put(narrow, to + 3 * step, g2);
  } else {
    let even = f64x2.add(f64x2.mul(g0, f64x2.splat(-2.0 / 3)), f64x2.mul(g2, f64x2.splat(-1.0 / 3))), odd = f64x2.mul(g1, f64x2.splat(-root2 / 3));
    put(narrow, to + step, f64x2.add(even, odd));
    put(narrow, to + 2 * step, f64x2.sub(even, odd));
    even = f64x2.add(f64x2.mul(g0, f64x2.splat(1.0 / 6)), f64x2.mul(g2, f64x2.splat(1.0 / 3)));
    odd = f64x2.mul(g1, f64x2.splat(root2 / 6));
    put(narrow, to + 3 * step, f64x2.add(even, odd));
    put(narrow, to + 4 * step, f64x2.sub(even, odd));
    put(narrow, to + 5 * step, g2);
  }
}

/** A pair of float64, or with `narrow` of float32. */
// @ts-ignore: decorator
@inline
function put(narrow: bool, to: usize, value: v128): void {
  if (narrow) v128.store64_lane(to, f32x4.demote_f64x2_zero(value), 0);
  else v128.store(to, value);
}

/**
 * G g G^T of the filters of two columns, `apart` bytes apart at `g`, of which `left` exist; taps lie `tap` bytes apart, the
 * results, two floats, `step` bytes apart at `u`.
 */
// @ts-ignore: decorator
@inline
export function filter(size: i32, u: usize, step: usize, g: usize, apart: usize, tap: usize, left: i32, work: usize): void {
  const points = pointsOf(size), half = work + transformBytes / 2;
  for (let i = 0, to = work; i < 9; i++, to += 16, g += tap) {
    const first = left > 0 ? f32.load(g) : 0, second = left > 1 ? f32.load(g + apart) : 0;
    v128.store(to, f64x2.replace_lane(f64x2.splat(<f64>first), 1, <f64>second));
  }
  for (let j = 0, from = work, to = half; j < 3; j++, from += 16, to += 16) filterLine(size, false, to, 48, from, 48);
  for (let i = 0, from = half, to = u; i < points; i++, from += 48, to += <usize>points * step) filterLine(size, true, to, step, from, 16);
}
