import { philox } from "../random";

/**
 * y = scale x where the element's random word is at least `threshold`, else 0, over vectors begin..end. `random` holds
 * seed low, seed high and step; element i takes word i % 4 of Philox block (i / 4, stream, step, 0).
 */
export function dropout_f32(y: usize, x: usize, random: usize, threshold: u32, scale: f32, stream: u32, begin: i32, end: i32): void {
  const seedLow = load<u32>(random), seedHigh = load<u32>(random, 4), step = load<u32>(random, 8);
  const least = i32x4.splat(threshold), factor = f32x4.splat(scale);
  for (let block = begin; block < end; block++) {
    const at = <usize>block << 4, words = philox(block, stream, step, 0, seedLow, seedHigh);
    v128.store(y + at, v128.and(f32x4.mul(v128.load(x + at), factor), i32x4.ge_u(words, least)));
  }
}
