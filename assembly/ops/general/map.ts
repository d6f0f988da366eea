import { erf, exp, expm1, gaussian, log, log1p, sigmoid } from "../../math";

/** In the order of `functions` in src/ops/map.ts: first those with a slope. */
const enum Fn {
  exp, log, sqrt, abs, neg, reciprocal, erf, softplus, elu, selu, celu, mish, softsign, swish, geluTanh, thresholdedRelu, affine,
  floor, ceil, round, trunc, sign, above, not, isNaN, isInf,
}

/** y = fn(x) over vectors begin..end of 4 floats. */
export function map_f32(y: usize, x: usize, fn: i32, alpha: f32, beta: f32, begin: i32, end: i32): void {
  switch (fn) {
    case Fn.exp: each(Fn.exp, y, x, alpha, beta, begin, end); break;
    case Fn.log: each(Fn.log, y, x, alpha, beta, begin, end); break;
    case Fn.sqrt: each(Fn.sqrt, y, x, alpha, beta, begin, end); break;
    case Fn.abs: each(Fn.abs, y, x, alpha, beta, begin, end); break;
    case Fn.neg: each(Fn.neg, y, x, alpha, beta, begin, end); break;
    case Fn.reciprocal: each(Fn.reciprocal, y, x, alpha, beta, begin, end); break;
    case Fn.erf: each(Fn.erf, y, x, alpha, beta, begin, end); break;
    case Fn.softplus: each(Fn.softplus, y, x, alpha, beta, begin, end); break;
    case Fn.elu: each(Fn.elu, y, x, alpha, beta, begin, end); break;
    case Fn.selu: each(Fn.selu, y, x, alpha, beta, begin, end); break;
    case Fn.celu: each(Fn.celu, y, x, alpha, beta, begin, end); break;
    case Fn.mish: each(Fn.mish, y, x, alpha, beta, begin, end); break;
    case Fn.softsign: each(Fn.softsign, y, x, alpha, beta, begin, end); break;
    case Fn.swish: each(Fn.swish, y, x, alpha, beta, begin, end); break;
    case Fn.geluTanh: each(Fn.geluTanh, y, x, alpha, beta, begin, end); break;
    case Fn.thresholdedRelu: each(Fn.thresholdedRelu, y, x, alpha, beta, begin, end); break;
    case Fn.affine: each(Fn.affine, y, x, alpha, beta, begin, end); break;
    case Fn.floor: each(Fn.floor, y, x, alpha, beta, begin, end); break;
    case Fn.ceil: each(Fn.ceil, y, x, alpha, beta, begin, end); break;
    case Fn.round: each(Fn.round, y, x, alpha, beta, begin, end); break;
    case Fn.trunc: each(Fn.trunc, y, x, alpha, beta, begin, end); break;
    case Fn.sign: each(Fn.sign, y, x, alpha, beta, begin, end); break;
    case Fn.above: each(Fn.above, y, x, alpha, beta, begin, end); break;
    case Fn.not: each(Fn.not, y, x, alpha, beta, begin, end); break;
    case Fn.isNaN: each(Fn.isNaN, y, x, alpha, beta, begin, end); break;
    case Fn.isInf: each(Fn.isInf, y, x, alpha, beta, begin, end); break;
  }
}

// @ts-ignore: decorator
@inline
function each(fn: i32, y: usize, x: usize, alpha: f32, beta: f32, begin: i32, end: i32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) v128.store(y + at, apply(fn, v128.load(x + at), a, b));
}

/** 1 where the mask is set, else 0. */
// @ts-ignore: decorator
@inline
function ones(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function apply(fn: i32, x: v128, a: v128, b: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (fn == Fn.exp) return exp(x);
  if (fn == Fn.log) return log(x);
  if (fn == Fn.sqrt) return f32x4.sqrt(x);
  if (fn == Fn.abs) return f32x4.abs(x);
  if (fn == Fn.neg) return f32x4.neg(x);
  if (fn == Fn.reciprocal) return f32x4.div(one, x);
  if (fn == Fn.erf) return erf(x);
  if (fn == Fn.softplus) return f32x4.add(f32x4.pmax(x, zero), log1p(exp(f32x4.neg(f32x4.abs(x)))));
  if (fn == Fn.elu) return v128.bitselect(x, f32x4.mul(a, expm1(x)), f32x4.gt(x, zero));
  if (fn == Fn.selu) return f32x4.mul(b, v128.bitselect(x, f32x4.mul(a, expm1(x)), f32x4.gt(x, zero)));
  if (fn == Fn.celu) return v128.bitselect(x, f32x4.mul(a, expm1(f32x4.div(x, a))), f32x4.gt(x, zero));
  if (fn == Fn.mish) return f32x4.mul(x, tanhSoftplus(x));
  if (fn == Fn.softsign) return f32x4.div(x, f32x4.add(one, f32x4.abs(x)));
  if (fn == Fn.swish) return f32x4.mul(x, sigmoid(f32x4.mul(a, x)));
  if (fn == Fn.geluTanh) return f32x4.mul(x, sigmoid(geluExponent(x)));
  if (fn == Fn.thresholdedRelu) return v128.and(x, v128.or(f32x4.gt(x, a), f32x4.ne(x, x)));
  if (fn == Fn.affine) return f32x4.add(f32x4.mul(a, x), b);
  if (fn == Fn.floor) return f32x4.floor(x);
  if (fn == Fn.ceil) return f32x4.ceil(x);
  if (fn == Fn.round) return f32x4.nearest(x);
  if (fn == Fn.trunc) return f32x4.trunc(x);
  if (fn == Fn.sign) return signOf(x);
  if (fn == Fn.above) return ones(f32x4.gt(x, a));
  if (fn == Fn.not) return ones(f32x4.eq(x, zero));
  if (fn == Fn.isNaN) return ones(f32x4.ne(x, x));
  return ones(f32x4.eq(f32x4.abs(x), f32x4.splat(Infinity)));
}

/** -1, 0 or 1; NaN of NaN. */
// @ts-ignore: decorator
@inline
function signOf(x: v128): v128 {
  const unit = v128.or(f32x4.splat(1), v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(unit, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
}

/** tanh(log(1 + e^x)) = 1 / (1 + m^2 / (m + 1/2)) with m = e^-x. */
// @ts-ignore: decorator
@inline
function tanhSoftplus(x: v128): v128 {
  const one = f32x4.splat(1), m = exp(f32x4.neg(x)), share = f32x4.div(one, f32x4.add(one, f32x4.div(f32x4.splat(0.5), m)));
  return f32x4.div(one, f32x4.add(one, f32x4.mul(m, share)));
}

/** 2 sqrt(2 / pi) (x + 0.044715 x^3): (1 + tanh(u)) / 2 = sigmoid(2u). */
// @ts-ignore: decorator
@inline
function geluExponent(x: v128): v128 {
  return f32x4.mul(x, f32x4.add(f32x4.splat(1.5957691216057308), f32x4.mul(f32x4.splat(0.07135481282670017), f32x4.mul(x, x))));
}

/** dx = dy fn'(x) over vectors begin..end of 4 floats, for the functions with a slope. */
export function map_f32_backward_x(dx: usize, dy: usize, x: usize, fn: i32, alpha: f32, beta: f32, begin: i32, end: i32): void {
  switch (fn) {
    case Fn.exp: eachSlope(Fn.exp, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.log: eachSlope(Fn.log, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.sqrt: eachSlope(Fn.sqrt, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.abs: eachSlope(Fn.abs, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.neg: eachSlope(Fn.neg, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.reciprocal: eachSlope(Fn.reciprocal, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.erf: eachSlope(Fn.erf, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.softplus: eachSlope(Fn.softplus, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.elu: eachSlope(Fn.elu, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.selu: eachSlope(Fn.selu, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.celu: eachSlope(Fn.celu, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.mish: eachSlope(Fn.mish, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.softsign: eachSlope(Fn.softsign, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.swish: eachSlope(Fn.swish, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.geluTanh: eachSlope(Fn.geluTanh, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.thresholdedRelu: eachSlope(Fn.thresholdedRelu, dx, dy, x, alpha, beta, begin, end); break;
    case Fn.affine: eachSlope(Fn.affine, dx, dy, x, alpha, beta, begin, end); break;
  }
}

// @ts-ignore: decorator
@inline
function eachSlope(fn: i32, dx: usize, dy: usize, x: usize, alpha: f32, beta: f32, begin: i32, end: i32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), slope(fn, v128.load(x + at), a, b)));
  }
}

// @ts-ignore: decorator
@inline
function slope(fn: i32, x: v128, a: v128, b: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (fn == Fn.exp) return exp(x);
  if (fn == Fn.log) return f32x4.div(one, x);
  if (fn == Fn.sqrt) return f32x4.div(f32x4.splat(0.5), f32x4.sqrt(x));
  if (fn == Fn.abs) return signOf(x);
  if (fn == Fn.neg) return f32x4.splat(-1);
  if (fn == Fn.reciprocal) return f32x4.neg(f32x4.div(one, f32x4.mul(x, x)));
  if (fn == Fn.erf) return f32x4.mul(f32x4.splat(1.1283791670955126), gaussian(f32x4.mul(x, f32x4.splat(1.4142135623730951))));
  if (fn == Fn.softplus) return sigmoid(x);
  if (fn == Fn.elu) return v128.bitselect(one, f32x4.mul(a, exp(x)), f32x4.gt(x, zero));
  if (fn == Fn.selu) return f32x4.mul(b, v128.bitselect(one, f32x4.mul(a, exp(x)), f32x4.gt(x, zero)));
  if (fn == Fn.celu) return v128.bitselect(one, exp(f32x4.div(x, a)), f32x4.gt(x, zero));
  if (fn == Fn.mish) {
    const t = tanhSoftplus(x);
    return f32x4.add(t, f32x4.mul(f32x4.mul(x, sigmoid(x)), f32x4.sub(one, f32x4.mul(t, t))));
  }
  if (fn == Fn.softsign) {
    const d = f32x4.add(one, f32x4.abs(x));
    return f32x4.div(one, f32x4.mul(d, d));
  }
  if (fn == Fn.swish) {
    const u = f32x4.mul(a, x), s = sigmoid(u);
    return f32x4.mul(s, f32x4.add(one, f32x4.mul(u, f32x4.sub(one, s))));
  }
  if (fn == Fn.geluTanh) {
    const s = sigmoid(geluExponent(x));
    const rise = f32x4.mul(x, f32x4.add(f32x4.splat(1.5957691216057308), f32x4.mul(f32x4.splat(0.21406443848010051), f32x4.mul(x, x))));
    return f32x4.mul(s, f32x4.add(one, f32x4.mul(rise, f32x4.sub(one, s))));
  }
  if (fn == Fn.thresholdedRelu) return ones(f32x4.gt(x, a));
  return a;
}
