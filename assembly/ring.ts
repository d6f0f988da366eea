import { clamp, madd } from "./simd";

/**
 * Lines of an image [height, width, channels] that a window slides over, kept near: [lines][padded] pixels of `pitch` bytes, line y in
 * place y % lines. Pixel 0 of a line is column `origin`; pixels outside 0..width are zeros. What lies behind the channels of a
 * pixel is not defined. Copying beats reading in place: the image is read once and in order, and there are no borders.
 */

/** An odd number of cache lines that holds `channels` floats: neighbouring pixels then never compete for one set of the cache. */
// @ts-ignore: decorator
@inline
export function pitchOf(channels: i32): usize {
  return <usize>(((channels + 15) >> 4) | 1) << 6;
}

/** Zeros the columns of all lines that lie outside 0..width. */
export function clearOutside(ring: usize, pitch: usize, lines: i32, padded: i32, origin: i32, width: i32): void {
  const left = <usize>min(max(-origin, 0), padded) * pitch, right = <usize>min(max(width - origin, 0), padded) * pitch, bytes = <usize>padded * pitch;
  for (; lines > 0; lines--, ring += bytes) {
    memory.fill(ring, 0, left);
    if (right < bytes) memory.fill(ring + right, 0, bytes - right);
  }
}

/**
 * Brings `vectors` x 4 channels of a line from `x`, its column 0, to its place `to`. With a scale, x becomes
 * min(max((x - mean) scale + shift, low), high) on the way: the arithmetic of batch_norm_f32.
 */
export function bringLine(
  to: usize, pitch: usize, x: usize, pixel: usize, vectors: i32, padded: i32, origin: i32, width: i32,
  scale: usize, shift: usize, mean: usize, low: f32, high: f32,
): void {
  const first = max(-origin, 0), count = min(width - origin, padded) - first;
  x += <isize>(origin + first) * pixel;
  to += <usize>first * pitch;
  if (scale) normalizePixels(to, pitch, x, pixel, vectors, count, scale, shift, mean, low, high);
  else copyPixels(to, pitch, x, pixel, vectors, count);
}

function copyPixels(to: usize, pitch: usize, x: usize, pixel: usize, vectors: i32, count: i32): void {
  const bytes = <usize>((vectors + 3) & ~3) << 4;
  for (; count > 0; count--, x += pixel, to += pitch) {
    for (let at: usize = 0; at < bytes; at += 64) {
      v128.store(to + at, v128.load(x + at));
      v128.store(to + at, v128.load(x + at, 16), 16);
      v128.store(to + at, v128.load(x + at, 32), 32);
      v128.store(to + at, v128.load(x + at, 48), 48);
    }
  }
}

/** Pixel by pixel, though that loads what belongs to a channel again and again: memory is fast only in its own order. */
function normalizePixels(
  to: usize, pitch: usize, x: usize, pixel: usize, vectors: i32, count: i32, scale: usize, shift: usize, mean: usize, low: f32, high: f32,
): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high), bytes = <usize>((vectors + 1) & ~1) << 4;
  for (; count > 0; count--, x += pixel, to += pitch) {
    for (let at: usize = 0; at < bytes; at += 32) {
      const d0 = f32x4.sub(v128.load(x + at), v128.load(mean + at)), d1 = f32x4.sub(v128.load(x + at, 16), v128.load(mean + at, 16));
      const v0 = madd(d0, v128.load(scale + at), v128.load(shift + at)), v1 = madd(d1, v128.load(scale + at, 16), v128.load(shift + at, 16));
      v128.store(to + at, clamp(v0, lo, hi));
      v128.store(to + at, clamp(v1, lo, hi), 16);
    }
  }
}
