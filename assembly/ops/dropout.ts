import { multiplier0, multiplier2, philox, rounds, weyl0, weyl1 } from "../random";

/** In memory, because V8 makes a constant vector anew wherever it is used. */
// @ts-ignore: decorator
@lazy
const multipliers: usize = memory.data<u32>([multiplier0, multiplier2]);

/** y = scale x where the lane's random word is at least `least`, else 0. */
// @ts-ignore: decorator
@inline
function drop(y: usize, x: usize, words: v128, least: v128, factor: v128): void {
  v128.store(y, v128.and(f32x4.mul(v128.load(x), factor), i32x4.ge_u(words, least)));
}

/**
 * y = scale x where the element's random word is at least `threshold`, else 0, over vectors begin..end. `random` holds
 * seed low, seed high and step; element i takes word i % 4 of Philox block (i / 4, stream, step, 0).
 */
export function dropout_f32(y: usize, x: usize, random: usize, threshold: u32, scale: f32, stream: u32, begin: i32, end: i32): void {
  const seedLow = load<u32>(random), seedHigh = load<u32>(random, 4), step = load<u32>(random, 8);
  const least = i32x4.splat(threshold), factor = f32x4.splat(scale);
  const m0 = v128.load32_splat(multipliers), m2 = v128.load32_splat(multipliers, 4);
  let block = begin;
  for (; block + 4 <= end; block += 4) {
    const to = y + (<usize>block << 4), from = x + (<usize>block << 4);
    let c0 = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3)), c1 = i32x4.splat(stream), c2 = i32x4.splat(step), c3 = i32x4.splat(0);
    // Philox of four blocks in the lanes of four vectors, then turned so that a vector holds the words of one block.
    for (let round: u32 = 0; round < rounds; round++) {
      const low0 = i64x2.extmul_low_i32x4_u(c0, m0), high0 = i64x2.extmul_high_i32x4_u(c0, m0);
      const low2 = i64x2.extmul_low_i32x4_u(c2, m2), high2 = i64x2.extmul_high_i32x4_u(c2, m2);
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(low2, high2, 1, 3, 5, 7), c1), i32x4.splat(seedLow + round * weyl0));
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(low0, high0, 1, 3, 5, 7), c3), i32x4.splat(seedHigh + round * weyl1));
      c1 = v128.shuffle<i32>(low2, high2, 0, 2, 4, 6);
      c3 = v128.shuffle<i32>(low0, high0, 0, 2, 4, 6);
    }
    const first = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), second = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
    const third = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7), fourth = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    drop(to, from, v128.shuffle<i32>(first, second, 0, 1, 4, 5), least, factor);
    drop(to + 16, from + 16, v128.shuffle<i32>(first, second, 2, 3, 6, 7), least, factor);
    drop(to + 32, from + 32, v128.shuffle<i32>(third, fourth, 0, 1, 4, 5), least, factor);
    drop(to + 48, from + 48, v128.shuffle<i32>(third, fourth, 2, 3, 6, 7), least, factor);
  }
  for (; block < end; block++) drop(y + (<usize>block << 4), x + (<usize>block << 4), philox(block, stream, step, 0, seedLow, seedHigh), least, factor);
}
