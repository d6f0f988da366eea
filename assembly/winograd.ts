/**
 * Transforms of Winograd's minimal filtering F(size x size, 3 x 3) for size 2 and 4 (Lavin and Gray 2016): a tile of
 * outputs is A^T [(G g G^T) * (B^T d B)] A of a window d of (size + 2)^2 inputs. The points at which polynomials are
 * multiplied are 0, 1, -1 and infinity for size 2; for size 4 they are 0, +-sqrt(1/2), +-sqrt(2) and infinity, whose
 * error is a fifth of that of 0, +-1, +-2. The gradient of the weight is F(3 x 3, 4 x 4) on the points of size 4: tiles of
 * dy take the filter's place, so that G has 4 columns and A 3.
 */
import { storeLanes } from "./lanes";
import { gradientLine, inputLine2, inputLine4, outputLine2, outputLine2Bounded, outputLine3, outputLine4, outputLine4Bounded } from "./microkernels-winograd";
import { panelColumns, zeros } from "./simd";

/** Points along one axis; size 3 are the taps of a weight's gradient. */
// @ts-ignore: decorator
@inline
function pointsOf(size: i32): i32 {
  return size == 2 ? 4 : 6;
}

/** Bytes of channels that a line takes at once. */
// @ts-ignore: decorator
@inline
const lane: usize = panelColumns == 16 ? 32 : 16;

/** Bytes of a cache line: so many of a pixel are transformed before its neighbours are left. */
// @ts-ignore: decorator
@inline
const cacheLine: usize = 64;

/** Windows side by side that share the columns between them. */
// @ts-ignore: decorator
@inline
const together: i32 = 4;

/** Bytes that the transforms use for themselves: a cache line of every column of neighbouring windows, transformed along that axis. */
// @ts-ignore: decorator
@inline
export const transformBytes: usize = <usize>(4 * together + 2) * 6 * cacheLine;

/** What the lines multiply by. */
// @ts-ignore: decorator
@lazy
const inputFactors: usize = memory.data<f32>([-2.5, -2, -0.5, 0.70710678]);
// @ts-ignore: decorator
@lazy
const gradientFactors: usize = memory.data<f32>([0.5, 2, -0.6666667, -0.47140452, 0.16666667, 0.23570226]);
// @ts-ignore: decorator
@lazy
const outputFactors: usize = memory.data<f32>([0.5, 0.70710678, 2, 4]);

// @ts-ignore: decorator
@inline
function factor(factors: usize, i: usize): v128 {
  return v128.load32_splat(factors + (i << 2));
}

// @ts-ignore: decorator
@inline
function lies(i: i32, from: i32, until: i32): bool {
  return i >= from && i < until;
}

/**
 * B^T d B, or of tiles of dy (window = size) G d G^T, of `count` windows side by side, `row` bytes apart at `v`, `step` bytes
 * between the elements of each. The first window's first pixel would lie at `x`, pixels have `pixel` bytes. Only rows
 * top..bottom and columns left..right lie in the image; the others are zero.
 */
// @ts-ignore: decorator
@inline
function inputSegment(
  size: i32, window: i32, v: usize, row: usize, step: usize, x: usize, line: usize, pixel: usize,
  top: i32, bottom: i32, left: i32, right: i32, count: i32, work: usize,
): void {
  const points = pointsOf(size), columns = size * (count - 1) + window, gradient = window == size;
  const column = <usize>points * cacheLine, across = <usize>points * step;
  const factors = gradient ? gradientFactors : inputFactors;
  const f0 = factor(factors, 0), f1 = factor(factors, 1), f2 = factor(factors, 2), f3 = factor(factors, 3);
  const f4 = factor(gradientFactors, 4), f5 = factor(gradientFactors, 5);
  const in0 = lies(0, top, bottom), in1 = lies(1, top, bottom), in2 = lies(2, top, bottom);
  const in3 = lies(3, top, bottom), in4 = lies(4, top, bottom), in5 = lies(5, top, bottom);
  for (let c: usize = 0; c < pixel; c += cacheLine, x += cacheLine, v += cacheLine) {
    let from = x, to = work;
    for (let i = 0; i < columns; i++, from += pixel) {
      if (!lies(i, left, right)) {
        for (const end = to + column; to < end; to += 16) v128.store(to, f32x4.splat(0));
        continue;
      }
      const x1 = from + line, x2 = x1 + line, x3 = x2 + line, x4 = x3 + line, x5 = x4 + line;
      const p0 = in0 ? from : zeros, p1 = in1 ? x1 : zeros, p2 = in2 ? x2 : zeros, p3 = in3 ? x3 : zeros, p4 = in4 ? x4 : zeros, p5 = in5 ? x5 : zeros;
      for (let at: usize = 0; at < cacheLine; at += lane, to += <usize>points * lane) {
        if (size == 2) inputLine2(to, lane, p0 + at, p1 + at, p2 + at, p3 + at);
        else if (gradient) gradientLine(to, lane, p0 + at, p1 + at, p2 + at, p3 + at, f0, f1, f2, f3, f4, f5);
        else inputLine4(to, lane, p0 + at, p1 + at, p2 + at, p3 + at, p4 + at, p5 + at, f0, f1, f2, f3);
      }
    }
    for (let i = 0, start = work, first = v; i < count; i++, start += <usize>size * column, first += row) {
      for (let at: usize = 0, q0 = start; at < cacheLine; at += lane) {
        for (let j = 0, to = first + at; j < points; j++, to += across, q0 += lane) {
          const q1 = q0 + column, q2 = q1 + column, q3 = q2 + column;
          if (size == 2) inputLine2(to, step, q0, q1, q2, q3);
          else if (gradient) gradientLine(to, step, q0, q1, q2, q3, f0, f1, f2, f3, f4, f5);
          else inputLine4(to, step, q0, q1, q2, q3, q3 + column, q3 + 2 * column, f0, f1, f2, f3);
        }
      }
    }
  }
}

/**
 * y = A^T m A (+ bias, bounded), a tile whose first pixel lies at `y`, of which rows x wide pixels and `channels` channels
 * are in the image; elements of m `step` bytes apart. Bias may be 0.
 */
// @ts-ignore: decorator
@inline
function outputTile(
  size: i32, y: usize, line: usize, pixel: usize, rows: i32, wide: i32, channels: i32,
  m: usize, step: usize, bias: usize, low: f32, high: f32, work: usize,
): void {
  const points = pointsOf(size), across = <usize>points * step, column = <usize>size * lane, tile = work + <usize>points * column;
  const plain = !bias && low == -Infinity && high == Infinity, whole = rows == size && wide == size;
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  const f0 = factor(outputFactors, 0), f1 = factor(outputFactors, 1), f2 = factor(outputFactors, 2), f3 = factor(outputFactors, 3);
  for (let left = channels; left > 0; left -= <i32>lane >> 2, m += lane, y += lane) {
    for (let i = 0, p0 = m, to = work; i < points; i++, p0 += step, to += column) {
      const p1 = p0 + across, p2 = p1 + across, p3 = p2 + across, p4 = p3 + across, p5 = p4 + across;
      if (size == 2) outputLine2(to, lane, p0, p1, p2, p3);
      else if (size == 3) outputLine3(to, lane, p0, p1, p2, p3, p4, p5, f0, f1, f2);
      else outputLine4(to, lane, p0, p1, p2, p3, p4, p5, f0, f1, f2, f3);
    }
    const direct = whole && left >= <i32>lane >> 2, next = direct ? pixel : lane, below = direct ? line : column;
    const shift = bias ? bias : zeros;
    for (let i = 0, p0 = work, to = direct ? y : tile; i < size; i++, p0 += lane, to += below) {
      const p1 = p0 + column, p2 = p1 + column, p3 = p2 + column, p4 = p3 + column, p5 = p4 + column;
      if (size == 3) outputLine3(to, next, p0, p1, p2, p3, p4, p5, f0, f1, f2);
      else if (plain) {
        if (size == 2) outputLine2(to, next, p0, p1, p2, p3);
        else outputLine4(to, next, p0, p1, p2, p3, p4, p5, f0, f1, f2, f3);
      } else if (size == 2) outputLine2Bounded(to, next, p0, p1, p2, p3, shift, lo, hi);
      else outputLine4Bounded(to, next, p0, p1, p2, p3, p4, p5, f0, f1, f2, f3, shift, lo, hi);
    }
    if (bias) bias += lane;
    if (!direct) copyTile(y, line, pixel, tile, column, rows, wide, left);
  }
}

/** The part of a tile, rows `column` bytes apart, that lies in the image and in the first `channels` channels. */
function copyTile(y: usize, line: usize, pixel: usize, tile: usize, column: usize, rows: i32, wide: i32, channels: i32): void {
  for (; rows > 0; rows--, y += line, tile += column) {
    for (let i = 0, from = tile, to = y; i < wide; i++, from += lane, to += pixel) {
      storeLanes(to, v128.load(from), channels);
      if (panelColumns == 16 && channels > 4) storeLanes(to + 16, v128.load(from, 16), channels - 4);
    }
  }
}

/**
 * Transformed windows V [points^2][count][row bytes] of `count` tiles from `tile` on, of x [.., height, width, channels] whose first
 * window of each image starts at (originY, originX); matrices are `step` bytes apart. Windows have size + 2 pixels a side, or
 * `size` for tiles of dy. Rows are overwritten up to a whole cache line.
 */
export function inputTiles(
  size: i32, window: i32, v: usize, row: usize, step: usize, x: usize, height: i32, width: i32, channels: i32, originY: i32, originX: i32,
  down: i32, across: i32, tile: i32, count: i32, work: usize,
): void {
  const pixel = <usize>channels << 2, line = <usize>width * pixel;
  while (count > 0) {
    const strip = tile / across, image = strip / down, place = tile - strip * across, beside = min(min(across - place, together), count);
    const iy = originY + (strip - image * down) * size, ix = originX + place * size;
    const top = -iy, bottom = height - iy, left = -ix, right = width - ix;
    const from = x + <usize>((image * height + iy) * width + ix) * pixel;
    if (size == 2) inputSegment(2, 4, v, row, step, from, line, pixel, top, bottom, left, right, beside, work);
    else if (window == 4) inputSegment(4, 4, v, row, step, from, line, pixel, top, bottom, left, right, beside, work);
    else inputSegment(4, 6, v, row, step, from, line, pixel, top, bottom, left, right, beside, work);
    tile += beside;
    count -= beside;
    v += <usize>beside * row;
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
  const points = pointsOf(size), half = work + 9 * 16;
  for (let i = 0, to = work; i < 9; i++, to += 16, g += tap) {
    const first = left > 0 ? f32.load(g) : 0, second = left > 1 ? f32.load(g + apart) : 0;
    v128.store(to, f64x2.replace_lane(f64x2.splat(<f64>first), 1, <f64>second));
  }
  for (let j = 0, from = work, to = half; j < 3; j++, from += 16, to += 16) filterLine(size, false, to, 48, from, 48);
  for (let i = 0, from = half, to = u; i < points; i++, from += 48, to += <usize>points * step) filterLine(size, true, to, step, from, 16);
}
