/** a^b on single floats, in float64 and then rounded: within one unit in the last place, the same bits in every engine. */

/** log2(e) and ln(2). */
const LOG2_E: f64 = 1.4426950408889634;
const LN2: f64 = 0.6931471805599453;
const SIGNIFICAND: i64 = 0x000fffffffffffff;
const SQRT_HALF: i64 = 0x3fe6a09e667f3bcd;

/** Base-2 logarithm of x above 0 to 1e-12 of itself: the exponent, and the series of artanh for m in [sqrt(1/2), sqrt(2)). */
function log2(x: f64): f64 {
  const offset = reinterpret<i64>(x) - SQRT_HALF, m = reinterpret<f64>((offset & SIGNIFICAND) + SQRT_HALF);
  const s = (m - 1) / (m + 1), square = s * s;
  const series = 1 + square * (1.0 / 3 + square * (1.0 / 5 + square * (1.0 / 7 + square * (1.0 / 9 + square * (1.0 / 11 + square * (1.0 / 13))))));
  return <f64>(offset >> 52) + 2 * LOG2_E * s * series;
}

/** 2^x to 1e-9 of itself; infinity and 0 beyond what float32 holds. */
function exp2(x: f64): f64 {
  if (x > 130) return Infinity;
  if (x < -160) return 0;
  const k = nearest(x), r = (x - k) * LN2;
  const series = 1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720 + r * (1.0 / 5040 + r * (1.0 / 40320 + r * (1.0 / 362880)))));
  return (1 + r * (1 + r * (1.0 / 2 + r * (1.0 / 6 + r * series)))) * reinterpret<f64>((<i64>k + 1023) << 52);
}

/** a^b, special values as IEEE 754's pow: 1 of anything to the 0 and of 1 to anything, NaN of a negative number to one that is not whole. */
export function power(a: f32, b: f32): f32 {
  if (b == 0 || a == 1) return 1;
  if (isNaN(a) || isNaN(b)) return NaN;
  const size = <f64>abs(a), whole = b == trunc(b), negative = reinterpret<i32>(a) < 0;
  if (negative && !whole && size > 0 && size < Infinity) return NaN;
  const logarithm: f64 = size == 0 ? -Infinity : size == Infinity ? Infinity : size == 1 ? 0 : log2(size);
  const y = <f32>(logarithm == 0 ? 1 : exp2(<f64>b * logarithm));
  return negative && whole && abs(b) < 16777216 && (<i32>b & 1) ? -y : y;
}

/** a^b in each lane. */
// @ts-ignore: decorator
@inline
export function lanePower(a: v128, b: f32): v128 {
  const low = f32x4.replace_lane(f32x4.splat(power(f32x4.extract_lane(a, 0), b)), 1, power(f32x4.extract_lane(a, 1), b));
  return f32x4.replace_lane(f32x4.replace_lane(low, 2, power(f32x4.extract_lane(a, 2), b)), 3, power(f32x4.extract_lane(a, 3), b));
}
