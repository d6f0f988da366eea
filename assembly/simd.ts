/** The one file that asks which build this is; everything else says `madd` and means it. */

/** c + a * b: fused in the `relaxed` build (one rounding), multiply then add in `simd` (two). */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(c, f32x4.mul(a, b));
}

/**
 * min(max(x, low), high) per lane. `pmax(a, b)` is `a < b ? b : a`: with x first, a NaN in x fails the comparison
 * and stays, so NaN passes through.
 */
// @ts-ignore: decorator
@inline
export function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** The larger of each lane, NaN where either is: `pmax` alone keeps a NaN in its first operand only. */
// @ts-ignore: decorator
@inline
export function maximum(a: v128, b: v128): v128 {
  return v128.or(f32x4.pmax(a, b), f32x4.ne(b, b));
}

/** The smaller of each lane, NaN where either is. */
// @ts-ignore: decorator
@inline
export function minimum(a: v128, b: v128): v128 {
  return v128.or(f32x4.pmin(a, b), f32x4.ne(b, b));
}

/** Bytes of one activation as an operand of `dotAdd`, which takes four bytes of them to a lane. */
// @ts-ignore: decorator
@inline
export const operandBytes: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 2;

/**
 * sum + a . b in int32 over the four bytes of each lane: four activations 0..127 by four int8 weights in `relaxed`, two by
 * two as int16 in `simd`. No sum of products leaves int16 on the way (127 * 127 * 2), so engines agree.
 */
// @ts-ignore: decorator
@inline
export function dotAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(b, a, sum);
  else return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

/** Sum of the four lanes in a fixed order: (0 + 2) + (1 + 3). */
// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/**
 * Columns of a packed panel and of a GEMM tile. Tiles of 16 are pairs of vectors, which V8's revectoriser joins into 256
 * bits; without it they spill.
 */
// @ts-ignore: decorator
@inline
export const panelColumns: i32 = isDefined(WIDE_PANELS) ? 16 : 8;

/** Vectors of channels side by side in a depthwise tile: a pair where V8 joins it. */
// @ts-ignore: decorator
@inline
export const depthwiseVectors: i32 = isDefined(WIDE_PANELS) ? 2 : 1;

/** Output pixels of a depthwise tile. */
// @ts-ignore: decorator
@inline
export const depthwisePixels: i32 = 7;

/** 32 zeros to start from. */
// @ts-ignore: decorator
@lazy
export const zeros: usize = memory.data(128, 16);

/** Most rows of a GEMM tile. 6 keep 15 registers live with fused madd, 5 with mul + add; V8 spills above 15. */
// @ts-ignore: decorator
@inline
export const tileRows: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

/**
 * Whether GEMM tiles touch memory ahead of its use. Fused madd leaves the processor room for one more load a step, which brings what
 * is needed next into the cache; mul + add does not, and would be a seventh slower.
 */
// @ts-ignore: decorator
@inline
export const touches: bool = ASC_FEATURE_RELAXED_SIMD;
