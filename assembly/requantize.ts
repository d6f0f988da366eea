/**
 * From int32 sums back to activations 0..127, or to floats. A sum stands for sum * multiplier output steps, rounded to
 * nearest even; whoever makes the multipliers keeps |sum * multiplier| below 2^22.
 */
import { storeBytes, storeLanes } from "./lanes";
import { clamp, panelColumns } from "./simd";

/** 1.5 * 2^23: a float of up to 2^22 plus this has its nearest whole number in its lowest bits. */
const rounding: f32 = 12582912;
const roundingBits: i32 = 0x4b400000;

/** What `rounded` subtracts, so that 0 becomes `zero`. */
// @ts-ignore: decorator
@inline
export function shiftTo(zero: i32): i32 {
  return roundingBits - zero;
}

/** Whole numbers nearest to x + zero for floats |x| < 2^22, as int32 that saturates for a larger positive x. */
// @ts-ignore: decorator
@inline
export function nearest(x: v128, shift: i32): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(rounding)), i32x4.splat(shift));
}

/** The same of int32 sums times multipliers. */
// @ts-ignore: decorator
@inline
export function rounded(sums: v128, multiplier: v128, shift: i32): v128 {
  return nearest(f32x4.mul(f32x4.convert_i32x4_s(sums), multiplier), shift);
}

/** Four vectors of int32 as bytes, bounded to low..high within -128..127. */
// @ts-ignore: decorator
@inline
export function narrowed(a: v128, b: v128, c: v128, d: v128, low: f32, high: f32): v128 {
  const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  return i8x16.min_s(i8x16.max_s(bytes, i8x16.splat(<i8>low)), i8x16.splat(<i8>high));
}

/** Bytes 0..3, 4..7, 8..11 or 12..15 of x as floats. */
// @ts-ignore: decorator
@inline
export function floatsOf(x: v128, quarter: i32): v128 {
  const half = quarter < 2 ? i16x8.extend_low_i8x16_u(x) : i16x8.extend_high_i8x16_u(x);
  return f32x4.convert_i32x4_s(quarter & 1 ? i32x4.extend_high_i16x8_u(half) : i32x4.extend_low_i16x8_u(half));
}

/**
 * A tile of `height` x `columns` sums (rows of a whole panel) to y. As floats: sum * multiplier. As bytes: with the
 * residual's bytes * `factor` added, where there is one in the same layout as y.
 */
export function storeTile(
  y: usize, ldy: usize, tile: usize, height: i32, columns: i32, multiplier: usize, residual: usize, factor: f32, shift: i32, low: f32, high: f32, floats: i32,
): void {
  if (floats) return storeFloats(y, ldy, tile, height, columns, multiplier, low, high);
  for (; height > 0; height -= 2) {
    const bytes = sixteen(tile, residual, height > 1 ? residual + ldy : residual, multiplier, factor, shift, low, high);
    if (columns >= 8) {
      v128.store64_lane(y, bytes, 0);
      if (height > 1) v128.store64_lane(y + ldy, bytes, 1);
    } else {
      storeBytes(y, bytes, columns);
      if (height > 1) storeBytes(y + ldy, v128.shuffle<i64>(bytes, bytes, 1, 1), columns);
    }
    tile += 64;
    y += ldy << 1;
    if (residual) residual += ldy << 1;
  }
}

/** Two rows of eight sums. */
// @ts-ignore: decorator
@inline
function sixteen(tile: usize, residual: usize, other: usize, multiplier: usize, factor: f32, shift: i32, low: f32, high: f32): v128 {
  let a = f32x4.mul(f32x4.convert_i32x4_s(v128.load(tile)), v128.load(multiplier));
  let b = f32x4.mul(f32x4.convert_i32x4_s(v128.load(tile, 16)), v128.load(multiplier, 16));
  let c = f32x4.mul(f32x4.convert_i32x4_s(v128.load(tile, 32)), v128.load(multiplier));
  let d = f32x4.mul(f32x4.convert_i32x4_s(v128.load(tile, 48)), v128.load(multiplier, 16));
  if (residual) {
    const share = f32x4.splat(factor), first = v128.load64_zero(residual), next = v128.load64_zero(other);
    a = f32x4.add(a, f32x4.mul(floatsOf(first, 0), share));
    b = f32x4.add(b, f32x4.mul(floatsOf(first, 1), share));
    c = f32x4.add(c, f32x4.mul(floatsOf(next, 0), share));
    d = f32x4.add(d, f32x4.mul(floatsOf(next, 1), share));
  }
  return narrowed(nearest(a, shift), nearest(b, shift), nearest(c, shift), nearest(d, shift), low, high);
}

function storeFloats(y: usize, ldy: usize, tile: usize, height: i32, columns: i32, multiplier: usize, low: f32, high: f32): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (; height > 0; height--, y += ldy, tile += <usize>panelColumns << 2) {
    for (let column = 0, at: usize = 0; column < columns; column += 4, at += 16) {
      const x = f32x4.mul(f32x4.convert_i32x4_s(v128.load(tile + at)), v128.load(multiplier + at));
      storeLanes(y + at, clamp(x, lo, hi), columns - column);
    }
  }
}
