/**
 * Philox4x32-10, the same bits as `src/core/random.ts`. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */

// @ts-ignore: decorator
@inline
export const rounds: u32 = 10;

/** Multipliers of the counter's first and third word, and what a round adds to the key's two. */
// @ts-ignore: decorator
@inline
export const multiplier0: u32 = 0xd2511f53;
// @ts-ignore: decorator
@inline
export const multiplier2: u32 = 0xcd9e8d57;
// @ts-ignore: decorator
@inline
export const weyl0: u32 = 0x9e3779b9;
// @ts-ignore: decorator
@inline
export const weyl1: u32 = 0xbb67ae85;

/** Four random words from the counter (c0, c1, c2, c3) and the key (k0, k1). */
export function philox(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): v128 {
  for (let round: u32 = 0; round < rounds; round++) {
    const product0 = <u64>c0 * multiplier0, product2 = <u64>c2 * multiplier2;
    c0 = <u32>(product2 >> 32) ^ c1 ^ k0;
    c1 = <u32>product2;
    c2 = <u32>(product0 >> 32) ^ c3 ^ k1;
    c3 = <u32>product0;
    k0 += weyl0;
    k1 += weyl1;
  }
  const upper = i32x4.replace_lane(i32x4.splat(c0), 1, c1);
  return i32x4.replace_lane(i32x4.replace_lane(upper, 2, c2), 3, c3);
}
