/**
 * Elementary functions in float64 from `+ - * /`, `Math.sqrt`, `Math.floor` and bit patterns alone: the same bits on
 * every engine, where the host's `Math.exp`, `log`, `pow`, `sin`, `cos`, `tan` and `tanh` differ. Errors are below 2
 * units in the last place (tan and tanh: 3). Special values are those of the host functions (ECMA-262, section 21.3.2).
 */

const LN2_HIGH = 0.6931471804855391; // 33 bits of ln 2: exact times any binary exponent
const LN2_LOW = 7.440617110012397e-11;
const LOG2_E = 1.4426950408889634;

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** 2^k for k from -1022 to 1023. */
function powerOfTwo(k: number): number {
  halves[0] = 0;
  halves[1] = (k + 1023) << 20;
  return double[0];
}

/** x 2^k, rounded once also where the result is subnormal. */
function scale(x: number, k: number): number {
  if (k > 1023) return x * powerOfTwo(1023) * powerOfTwo(k - 1023);
  if (k < -1021) return x * powerOfTwo(k + 100) * powerOfTwo(-100);
  return x * powerOfTwo(k);
}

/** (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2, by Taylor's series. */
function expSeries(r: number): number {
  let sum = 1 / 6227020800 + r / 87178291200;
  sum = 1 / 479001600 + r * sum;
  sum = 1 / 39916800 + r * sum;
  sum = 1 / 3628800 + r * sum;
  sum = 1 / 362880 + r * sum;
  sum = 1 / 40320 + r * sum;
  sum = 1 / 5040 + r * sum;
  sum = 1 / 720 + r * sum;
  sum = 1 / 120 + r * sum;
  sum = 1 / 24 + r * sum;
  sum = 1 / 6 + r * sum;
  return 1 / 2 + r * sum;
}

/** e^(high + low), where low is a correction below one unit in high's last place. */
function expSum(high: number, low: number): number {
  if (high > 710) return Infinity;
  if (high < -746) return 0;
  const k = Math.floor(high * LOG2_E + 0.5);
  const reduced = high - k * LN2_HIGH;
  const tail = low - k * LN2_LOW;
  const r = reduced + tail;
  return scale(1 + (r + (reduced - r + tail + r * r * expSeries(r))), k);
}

/** e^x. */
export function exp(x: number): number {
  return Number.isNaN(x) ? x : expSum(x, 0);
}

/** e^x - 1 for x from 0 to 50, without cancellation. */
function expMinusOne(x: number): number {
  const k = Math.floor(x * LOG2_E + 0.5);
  const reduced = x - k * LN2_HIGH;
  const r = reduced - k * LN2_LOW;
  const p = r + (reduced - r - k * LN2_LOW + r * r * expSeries(r));
  const power = powerOfTwo(k);
  return p * power + (power - 1);
}

/** Splits positive finite x into m 2^k with m from sqrt(1/2) to sqrt(2); gives k and leaves m in `double[0]`. */
function splitExponent(x: number): number {
  double[0] = x;
  let k = -1023;
  if (halves[1] < 0x100000) {
    double[0] = x * 2 ** 54;
    k -= 54;
  }
  k += halves[1] >>> 20;
  halves[1] = (halves[1] & 0xfffff) | 0x3ff00000;
  if (double[0] > Math.SQRT2) {
    double[0] /= 2;
    k++;
  }
  return k;
}

/** 2 (z / 5 + z^2 / 7 + ...): the atanh series from its third term on, for z = s^2 <= 0.0295. */
function atanhSeries(z: number): number {
  let sum = 2 / 23 + (z * 2) / 25;
  sum = 2 / 21 + z * sum;
  sum = 2 / 19 + z * sum;
  sum = 2 / 17 + z * sum;
  sum = 2 / 15 + z * sum;
  sum = 2 / 13 + z * sum;
  sum = 2 / 11 + z * sum;
  sum = 2 / 9 + z * sum;
  sum = 2 / 7 + z * sum;
  return z * (2 / 5 + z * sum);
}

/** Natural logarithm; log(m) = 2 atanh(s) with s = (m - 1) / (m + 1). */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const k = splitExponent(x);
  const f = double[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const half = 0.5 * f * f;
  // 2 atanh(s) = f - (f^2 / 2 - s (f^2 / 2 + z (2/3 + ...))): the leading term f is exact.
  return k * LN2_HIGH - (half - (s * (half + z * (2 / 3 + atanhSeries(z))) + k * LN2_LOW) - f);
}

/** Upper 26 bits of x, so that products of two such parts are exact (Dekker 1971). */
function upperPart(x: number): number {
  const spread = x * 134217729;
  return spread - (spread - x);
}

/** What rounding took from a b: a b = product + productError(a, b, product) exactly. */
function productError(a: number, b: number, product: number): number {
  const aHigh = upperPart(a);
  const aLow = a - aHigh;
  const bHigh = upperPart(b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** |x|^y for finite |x| > 0: e^(y log|x|) with the logarithm as a sum of two doubles. */
function powPositive(x: number, y: number): number {
  const k = splitExponent(x);
  const m = double[0];
  const f = m - 1;
  const below = m + 1;
  const belowError = m - (below - 1);
  const s = f / below;
  const back = s * below;
  const sError = (f - back - productError(s, below, back) - s * belowError) / below;
  const z = s * s;
  const zError = productError(s, s, z) + 2 * s * sError;
  // cubic = s z 2/3, as a sum of two doubles.
  const sz = s * z;
  const szError = productError(s, z, sz) + s * zError + sError * z;
  const cubic = sz * (2 / 3);
  const cubicError = productError(sz, 2 / 3, cubic) + szError * (2 / 3) + sz * 3.700743415417188e-17;
  const rest = s * z * atanhSeries(z) + cubicError + 2 * sError + k * LN2_LOW;

  const a = k * LN2_HIGH;
  const ab = a + 2 * s;
  const abError = Math.abs(a) > Math.abs(2 * s) ? a - ab + 2 * s : 2 * s - ab + a;
  const abc = ab + cubic;
  const abcError = ab - abc + cubic;
  const high = abc + (rest + abError + abcError);
  const low = abc - high + (rest + abError + abcError);

  const product = y * high;
  if (!(Math.abs(product) < 800)) return product > 0 ? Infinity : 0;
  return expSum(product, productError(y, high, product) + y * low);
}

/** x^y, as the operator `**`. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const size = Math.abs(x);
  if (!Number.isFinite(y)) return size === 1 ? NaN : size > 1 === y > 0 ? Infinity : 0;
  const whole = Math.floor(y) === y;
  const sign = (x < 0 || Object.is(x, -0)) && whole && Math.abs(y % 2) === 1 ? -1 : 1;
  if (size === 0 || size === Infinity) return sign * ((size === 0) === y > 0 ? 0 : Infinity);
  if (x < 0 && !whole) return NaN;
  if (size === 1) return sign;
  // Dekker's products would overflow for larger y, whose powers are 0 or infinite.
  if (Math.abs(y) > 1e25) return sign * (size > 1 === y > 0 ? Infinity : 0);
  return sign * powPositive(size, y);
}

const PI_HALF_1 = 1.5707963267341256; // 33 bits of pi / 2, then 33 more, then the rest
const PI_HALF_2 = 6.077100506303966e-11;
const PI_HALF_3 = 2.0222662487959506e-21;

/** sin(r + tail) for |r| <= pi / 4, by Taylor's series. */
function sinSeries(r: number, tail: number): number {
  const z = r * r;
  let sum = 1 / 355687428096000 - z / 121645100408832000;
  sum = -1 / 1307674368000 + z * sum;
  sum = 1 / 6227020800 + z * sum;
  sum = -1 / 39916800 + z * sum;
  sum = 1 / 362880 + z * sum;
  sum = -1 / 5040 + z * sum;
  sum = 1 / 120 + z * sum;
  sum = -1 / 6 + z * sum;
  return r + (r * z * sum + tail * (1 - 0.5 * z));
}

/** cos(r + tail) for |r| <= pi / 4, by Taylor's series. */
function cosSeries(r: number, tail: number): number {
  const z = r * r;
  let sum = 1 / 20922789888000 - z / 6402373705728000;
  sum = -1 / 87178291200 + z * sum;
  sum = 1 / 479001600 + z * sum;
  sum = -1 / 3628800 + z * sum;
  sum = 1 / 40320 + z * sum;
  sum = -1 / 720 + z * sum;
  sum = 1 / 24 + z * sum;
  const half = 0.5 * z;
  const leading = 1 - half;
  return leading + (1 - leading - half + (z * z * sum - r * tail));
}

/** sin(x + quarters pi / 2): x is reduced by multiples of pi / 2 in three parts, exact up to |x| of about 1e6. */
function sinShifted(x: number, quarters: number): number {
  if (!Number.isFinite(x)) return NaN;
  const k = Math.floor(x / (Math.PI / 2) + 0.5);
  const first = x - k * PI_HALF_1;
  const second = k * PI_HALF_2;
  const high = first - second;
  const low = first - high - second - k * PI_HALF_3;
  const r = high + low;
  const tail = high - r + low;
  const quadrant = (((k + quarters) % 4) + 4) % 4;
  const value = quadrant % 2 === 0 ? sinSeries(r, tail) : cosSeries(r, tail);
  return quadrant < 2 ? value : -value;
}

/** Sine of x radians, |x| up to about 1e6; beyond that digits are lost. */
export function sin(x: number): number {
  return x === 0 ? x : sinShifted(x, 0);
}

/** Cosine of x radians, |x| up to about 1e6; beyond that digits are lost. */
export function cos(x: number): number {
  return sinShifted(x, 1);
}

/** Tangent of x radians, |x| up to about 1e6; beyond that digits are lost. */
export function tan(x: number): number {
  return sin(x) / cos(x);
}

/** Hyperbolic tangent. */
export function tanh(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const size = Math.abs(x);
  const t = size < 22 ? expMinusOne(2 * size) : 0;
  const value = size < 22 ? (size < 1 ? t / (t + 2) : 1 - 2 / (t + 2)) : 1;
  return x < 0 ? -value : value;
}
