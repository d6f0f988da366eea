import { constant, one } from "./constant";
import { madd } from "./simd";

/**
 * Elementary functions on 4 floats from arithmetic and bit patterns alone: the same bits in every engine for one
 * build. Polynomials are minimax fits (Lawson's iteration) whose own error is below 0.15 units in the last place;
 * rounding included, every function is within 4. Results below 2^-125 may come out as 0. NaN gives NaN.
 */

/**
 * 1.5 x 2^23 + 126: adding it rounds to a whole number, which then stands in the low bits, 126 higher; log2 e; -ln 2 in two parts: the
 * first has 10 bits, so that its product with any exponent is exact; the polynomial; where infinity and zero begin.
 */
// @ts-ignore: decorator
@lazy
const EXP: usize = memory.data<f32>([
  12583038, 1.44269504, -0.693359375, 2.12194440e-4,
  1.379047054797411e-3, 8.380413055419922e-3, 4.1669707745313644e-2, 0.16666407883167267, 0.49999985098838806,
  88.8, -86.6,
]);

/** e^(x + low) for x in [-87, 88.8] and |low| < 0.06; with `alone` low is 0. */
// @ts-ignore: decorator
@inline
function expSum(x: v128, low: v128, alone: bool): v128 {
  const round = constant(EXP, 0), shifted = madd(x, constant(EXP, 1), round), k = f32x4.sub(shifted, round);
  let r = madd(k, constant(EXP, 3), madd(k, constant(EXP, 2), x));
  if (!alone) r = f32x4.add(r, low);
  let p = madd(r, constant(EXP, 4), constant(EXP, 5));
  p = madd(r, p, constant(EXP, 6));
  p = madd(r, p, constant(EXP, 7));
  p = madd(r, p, constant(EXP, 8));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), one());
  // 2p 2^(k - 1): k = 128 is beyond the exponents of one factor.
  return f32x4.mul(f32x4.add(p, p), i32x4.shl(shifted, 23));
}

/** e^x: infinity above 88.72, 0 below -86.6. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return v128.andnot(expSum(f32x4.pmin(x, constant(EXP, 9)), x, true), f32x4.lt(x, constant(EXP, 10)));
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
  let y = madd(f32x4.mul(square, f), p, f32x4.mul(k, f32x4.splat(-2.12194440e-4)));
  y = madd(square, f32x4.splat(-0.5), y);
  y = madd(k, f32x4.splat(0.693359375), f32x4.add(f, y));
  const infinity = f32x4.splat(Infinity), zero = f32x4.splat(0);
  y = v128.bitselect(y, x, f32x4.lt(x, infinity));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, zero));
  return v128.or(y, f32x4.lt(x, zero));
}

/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), exp(f32x4.neg(x))));
}

/** The polynomial; where it ends; where the result is 1; 2. */
// @ts-ignore: decorator
@lazy
const TANH: usize = memory.data<f32>([
  -5.704984895884991e-3, 2.063908614218235e-2, -5.373971536755562e-2, 0.13331441581249237, -0.3333328068256378, 0.625, 10, 2,
]);

/** Hyperbolic tangent: an odd polynomial up to 0.625, then 1 - 2 / (e^2|x| + 1). */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x), square = f32x4.mul(x, x), most = f32x4.pmin(size, constant(TANH, 6));
  const large = f32x4.sub(one(), f32x4.div(constant(TANH, 7), f32x4.add(expSum(f32x4.add(most, most), most, true), one())));
  let p = madd(square, constant(TANH, 0), constant(TANH, 1));
  p = madd(square, p, constant(TANH, 2));
  p = madd(square, p, constant(TANH, 3));
  p = madd(square, p, constant(TANH, 4));
  const small = madd(f32x4.mul(square, x), p, x);
  const signed = v128.or(large, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(small, signed, f32x4.lt(size, constant(TANH, 5)));
}

/** Numerator and denominator of `normalTail`; -1/2; where e^(-x^2 / 2) ends. */
// @ts-ignore: decorator
@lazy
const TAIL: usize = memory.data<f32>([
  4.09330241382122e-3, 4.0478356182575226e-2, 0.18277588486671448, 0.43767520785331726, 0.5,
  1.026026252657175e-2, 0.10147085040807724, 0.4682581424713135, 1.2005958557128906, 1.6732354164123535,
  -0.5, 13.19,
]);

/** e^(-x^2 / 2), 0 from |x| = 13.19. The square is split, as rounding it would cost up to 6 bits of the result. */
// @ts-ignore: decorator
@inline
export function gaussian(x: v128): v128 {
  const size = f32x4.pmin(f32x4.abs(x), constant(TAIL, 11)), half = constant(TAIL, 10);
  const upper = v128.and(size, i32x4.splat(0xfffff000));
  const high = f32x4.mul(f32x4.mul(upper, upper), half);
  const low = f32x4.mul(f32x4.mul(f32x4.sub(size, upper), f32x4.add(size, upper)), half);
  return v128.andnot(expSum(high, low, false), f32x4.ge(f32x4.abs(x), constant(TAIL, 11)));
}

/** Phi(-a) e^(a^2 / 2) for a in [0, 14]: the tail of the normal distribution without its exponential, as a fraction of polynomials. */
// @ts-ignore: decorator
@inline
export function normalTail(a: v128): v128 {
  let n = madd(a, constant(TAIL, 0), constant(TAIL, 1));
  n = madd(a, n, constant(TAIL, 2));
  n = madd(a, n, constant(TAIL, 3));
  n = madd(a, n, constant(TAIL, 4));
  let d = madd(a, constant(TAIL, 5), constant(TAIL, 6));
  d = madd(a, d, constant(TAIL, 7));
  d = madd(a, d, constant(TAIL, 8));
  d = madd(a, d, constant(TAIL, 9));
  d = madd(a, d, one());
  return f32x4.div(n, d);
}

/** log(1 + x) for x from 0: what 1 + x loses is made good by x / ((1 + x) - 1) (Higham, "Accuracy and Stability of Numerical Algorithms", 1.14.1). */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const sum = f32x4.add(one(), x), seen = f32x4.sub(sum, one());
  return v128.bitselect(x, f32x4.div(f32x4.mul(log(sum), x), seen), f32x4.eq(seen, f32x4.splat(0)));
}

/** e^x - 1 = 2t / (1 - t) with t = tanh(x / 2), for x up to 0. */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const t = tanh(f32x4.mul(x, f32x4.splat(0.5)));
  return f32x4.div(f32x4.add(t, t), f32x4.sub(one(), t));
}

/** The polynomial; sqrt(2); where erf has become 1, times that. */
// @ts-ignore: decorator
@lazy
const ERF: usize = memory.data<f32>([
  7.853861461626366e-05, -0.0008010193705558777, 0.005188327748328447, -0.026853812858462334, 0.1128358542919159, -0.3761262595653534, 0.12837916709,
  1.4142135623730951, 14,
]);

/** erf(x) = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x: an odd polynomial up to 1, then 1 less the tail of the normal distribution. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const square = f32x4.mul(x, x), size = f32x4.pmin(f32x4.abs(f32x4.mul(x, constant(ERF, 7))), constant(ERF, 8));
  const tail = f32x4.mul(normalTail(size), gaussian(size));
  let p = madd(square, constant(ERF, 0), constant(ERF, 1));
  p = madd(square, p, constant(ERF, 2));
  p = madd(square, p, constant(ERF, 3));
  p = madd(square, p, constant(ERF, 4));
  p = madd(square, p, constant(ERF, 5));
  p = madd(square, p, constant(ERF, 6));
  const large = v128.or(f32x4.sub(one(), f32x4.add(tail, tail)), v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(madd(p, x, x), large, f32x4.le(f32x4.abs(x), one()));
}
