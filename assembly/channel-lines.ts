import { clamp, madd } from "./simd";

/**
 * Lines of an image [height, width, channels] that a window slides over, brought to the first caches by groups of 16 channels:
 * [groups][lines][padded][16], line `y` in place y % lines. Pixel 0 of a line is column `origin`; pixels outside 0..width
 * are zeros. What lies behind the last channel is not defined.
 */

/** Bytes of a pixel in a group. */
// @ts-ignore: decorator
@inline
export const groupBytes: usize = 64;

/** Pixels whose groups are brought one after the other: few enough for x to be read page by page. */
const strip: i32 = 16;

/** Zeros the columns of all lines that lie outside 0..width. */
export function clearOutside(ring: usize, lines: i32, padded: i32, origin: i32, width: i32): void {
  const left = <usize>min(max(-origin, 0), padded) * groupBytes, right = <usize>min(max(width - origin, 0), padded) * groupBytes, bytes = <usize>padded * groupBytes;
  for (; lines > 0; lines--, ring += bytes) {
    memory.fill(ring, 0, left);
    if (right < bytes) memory.fill(ring + right, 0, bytes - right);
  }
}

/**
 * Brings one line from `x`, column 0 of it, to `to`, its place in the first group; groups lie `step` bytes apart. With a
 * scale, x becomes min(max((x - mean) scale + shift, low), high) on the way: the arithmetic of batch_norm_f32.
 */
export function bringLine(
  to: usize, step: usize, x: usize, pixel: usize, groups: i32, padded: i32, origin: i32, width: i32,
  scale: usize, shift: usize, mean: usize, low: f32, high: f32,
): void {
  let column = max(-origin, 0), stop = min(width - origin, padded);
  x += <isize>(origin + column) * pixel;
  to += <usize>column * groupBytes;
  while (column < stop) {
    const count = min(strip, stop - column);
    for (let g = 0; g < groups; g++) {
      const at = <usize>g * groupBytes, from = x + at, line = to + <usize>g * step;
      if (scale) normalizePixels(line, from, pixel, count, scale + at, shift + at, mean + at, low, high);
      else copyPixels(line, from, pixel, count);
    }
    x += <usize>count * pixel;
    to += <usize>count * groupBytes;
    column += count;
  }
}

function copyPixels(to: usize, x: usize, pixel: usize, count: i32): void {
  for (; count > 0; count--, x += pixel, to += groupBytes) {
    v128.store(to, v128.load(x));
    v128.store(to, v128.load(x, 16), 16);
    v128.store(to, v128.load(x, 32), 32);
    v128.store(to, v128.load(x, 48), 48);
  }
}

function normalizePixels(to: usize, x: usize, pixel: usize, count: i32, scale: usize, shift: usize, mean: usize, low: f32, high: f32): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (const end = to + 64; to < end; to += 32, x += 32, scale += 32, shift += 32, mean += 32) {
    const s0 = v128.load(scale), s1 = v128.load(scale, 16), o0 = v128.load(shift), o1 = v128.load(shift, 16), m0 = v128.load(mean), m1 = v128.load(mean, 16);
    let from = x, at = to;
    for (let left = count; left > 0; left--, from += pixel, at += groupBytes) {
      const a = clamp(madd(f32x4.sub(v128.load(from), m0), s0, o0), lo, hi);
      const b = clamp(madd(f32x4.sub(v128.load(from, 16), m1), s1, o1), lo, hi);
      v128.store(at, a);
      v128.store(at, b, 16);
    }
  }
}
