import { madd } from "./simd";

/**
 * Elementary functions on 4 floats from arithmetic and bit patterns alone: the same bits in every engine for one
 * build. Polynomials are minimax fits (Lawson's iteration) whose own error is below 0.15 units in the last place;
 * rounding included, every function is within 4. Results below 2^-125 may come out as 0. NaN gives NaN.
 */

const LOG2_E: f32 = 1.44269504;
/** ln 2 in two parts: the first has 10 bits, so that its product with any exponent is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** 1.5 x 2^23: adding it rounds to a whole number, which then stands in the low bits. */
const ROUND: f32 = 12582912;

/** e^(x + low) for x in [-87, 88.8] and |low| < 0.06. */
// @ts-ignore: decorator
@inline
function expSum(x: v128, low: v128): v128 {
  const round = f32x4.splat(ROUND);
  const shifted = madd(x, f32x4.splat(LOG2_E), round), k = f32x4.sub(shifted, round);
  const r = f32x4.add(madd(k, f32x4.splat(-LN2_LOW), madd(k, f32x4.splat(-LN2_HIGH), x)), low);
  let p = madd(r, f32x4.splat(1.379047054797411e-3), f32x4.splat(8.380413055419922e-3));
  p = madd(r, p, f32x4.splat(4.1669707745313644e-2));
  p = madd(r, p, f32x4.splat(0.16666407883167267));
  p = madd(r, p, f32x4.splat(0.49999985098838806));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), f32x4.splat(1));
  // 2p 2^(k - 1): k = 128 is beyond the exponents of one factor.
  const scale = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(126 << 23));
  return f32x4.mul(f32x4.add(p, p), scale);
}

/** e^x: infinity above 88.72, 0 below -86.6. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const inside = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87)), f32x4.splat(88.8));
  return v128.andnot(expSum(inside, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(-86.6)));
}

/** Natural logarithm; -infinity of 0, NaN of negative numbers. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  // Subnormal numbers are brought into range first.
  const small = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const normal = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, small);
  // The exponent of m in [sqrt(1/2), sqrt(2)): the bits counted from those of sqrt(1/2).
  const offset = i32x4.sub(normal, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_s(offset, 23), v128.and(small, i32x4.splat(23)));
  const m = i32x4.add(v128.and(offset, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const k = f32x4.convert_i32x4_s(exponent), f = f32x4.sub(m, f32x4.splat(1)), square = f32x4.mul(f, f);
  let p = madd(f, f32x4.splat(6.746636643036603e-2), f32x4.splat(-0.11675656586885452));
  p = madd(f, p, f32x4.splat(0.11888163536787033));
  p = madd(f, p, f32x4.splat(-0.1240558847784996));
  p = madd(f, p, f32x4.splat(0.14219552278518677));
  p = madd(f, p, f32x4.splat(-0.1666799634695053));
  p = madd(f, p, f32x4.splat(0.2000211924314499));
  p = madd(f, p, f32x4.splat(-0.25000008940696716));
  p = madd(f, p, f32x4.splat(0.3333331346511841));
  let y = madd(f32x4.mul(square, f), p, f32x4.mul(k, f32x4.splat(LN2_LOW)));
  y = madd(square, f32x4.splat(-0.5), y);
  y = madd(k, f32x4.splat(LN2_HIGH), f32x4.add(f, y));
  const infinity = f32x4.splat(Infinity), zero = f32x4.splat(0);
  y = v128.bitselect(y, x, f32x4.lt(x, infinity));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, zero));
  return v128.or(y, f32x4.lt(x, zero));
}

/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** Hyperbolic tangent: an odd polynomial up to 0.625, then 1 - 2 / (e^2|x| + 1). */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x), square = f32x4.mul(x, x), one = f32x4.splat(1), most = f32x4.pmin(size, f32x4.splat(10));
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(expSum(f32x4.add(most, most), f32x4.splat(0)), one)));
  let p = madd(square, f32x4.splat(-5.704984895884991e-3), f32x4.splat(2.063908614218235e-2));
  p = madd(square, p, f32x4.splat(-5.373971536755562e-2));
  p = madd(square, p, f32x4.splat(0.13331441581249237));
  p = madd(square, p, f32x4.splat(-0.3333328068256378));
  const small = madd(f32x4.mul(square, x), p, x);
  const signed = v128.or(large, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(small, signed, f32x4.lt(size, f32x4.splat(0.625)));
}

/** e^(-x^2 / 2), 0 from |x| = 13.19. The square is split, as rounding it would cost up to 6 bits of the result. */
// @ts-ignore: decorator
@inline
export function gaussian(x: v128): v128 {
  const size = f32x4.pmin(f32x4.abs(x), f32x4.splat(13.19)), half = f32x4.splat(-0.5);
  const upper = v128.and(size, i32x4.splat(0xfffff000));
  const high = f32x4.mul(f32x4.mul(upper, upper), half);
  const low = f32x4.mul(f32x4.mul(f32x4.sub(size, upper), f32x4.add(size, upper)), half);
  return v128.andnot(expSum(high, low), f32x4.ge(f32x4.abs(x), f32x4.splat(13.19)));
}

/** Phi(-a) e^(a^2 / 2) for a in [0, 14]: the tail of the normal distribution without its exponential, as a fraction of polynomials. */
// @ts-ignore: decorator
@inline
export function normalTail(a: v128): v128 {
  let n = madd(a, f32x4.splat(4.09330241382122e-3), f32x4.splat(4.0478356182575226e-2));
  n = madd(a, n, f32x4.splat(0.18277588486671448));
  n = madd(a, n, f32x4.splat(0.43767520785331726));
  n = madd(a, n, f32x4.splat(0.5));
  let d = madd(a, f32x4.splat(1.026026252657175e-2), f32x4.splat(0.10147085040807724));
  d = madd(a, d, f32x4.splat(0.4682581424713135));
  d = madd(a, d, f32x4.splat(1.2005958557128906));
  d = madd(a, d, f32x4.splat(1.6732354164123535));
  d = madd(a, d, f32x4.splat(1));
  return f32x4.div(n, d);
}
