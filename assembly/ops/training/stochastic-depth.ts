import { storeLanes } from "../../lanes";
import { philox } from "../../random";

/**
 * y = scale x in rows begin..end of `size` floats whose random word is at least `threshold`, else 0. `random` holds seed low, seed high
 * and step; a row takes the first word of Philox block (row, stream, step, 0).
 */
export function stochastic_depth_f32(y: usize, x: usize, random: usize, size: i32, threshold: u32, scale: f32, stream: u32, begin: i32, end: i32): void {
  const seedLow = load<u32>(random), seedHigh = load<u32>(random, 4), step = load<u32>(random, 8), factor = f32x4.splat(scale);
  for (let row = begin; row < end; row++) {
    const word = <u32>i32x4.extract_lane(philox(row, stream, step, 0, seedLow, seedHigh), 0), kept = i32x4.splat(word >= threshold ? -1 : 0);
    let at = <usize>row * (<usize>size << 2);
    for (let left = size; left > 0; left -= 4, at += 16) storeLanes(y + at, v128.and(f32x4.mul(v128.load(x + at), factor), kept), left);
  }
}
