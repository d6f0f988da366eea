import { storeLanes } from "../../lanes";
import { power } from "../../power";
import { maximum, minimum } from "../../simd";

/** In the order of `functions` in src/ops/combine.ts. */
const enum Fn { sub, div, pow, min, max, mod, fmod, equal, less, lessOrEqual, greater, greaterOrEqual, and, or, xor, prelu, heaviside }

/** y = fn(a, b) over vectors begin..end of 4 floats; an operand whose step is 0 is one number. */
export function combine_f32(y: usize, a: usize, b: usize, fn: i32, aStep: i32, bStep: i32, begin: i32, end: i32): void {
  const at = <usize>begin << 4;
  row(fn, y + at, a + at * aStep, b + at * bStep, aStep, bStep, (end - begin) << 2);
}

/** y [n0, ..., n5], a and b with element strides, 0 where they stretch, 0 or 1 along the last axis; rows begin..end of n5 elements. */
export function combine_f32_strided(
  y: usize, a: usize, b: usize, fn: i32, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, b0: i32, b1: i32, b2: i32, b3: i32, b4: i32, b5: i32, begin: i32, end: i32,
): void {
  for (let unit = begin; unit < end; ) {
    const i4 = unit % n4, r3 = unit / n4, i3 = r3 % n3, r2 = r3 / n3, i2 = r2 % n2, r1 = r2 / n2, i1 = r1 % n1, i0 = r1 / n1;
    let aRow = i0 * a0 + i1 * a1 + i2 * a2 + i3 * a3 + i4 * a4, bRow = i0 * b0 + i1 * b1 + i2 * b2 + i3 * b3 + i4 * b4;
    for (const stop = min(end, unit + n4 - i4); unit < stop; unit++, aRow += a4, bRow += b4) {
      row(fn, y + (<usize>unit * n5 << 2), a + (<usize>aRow << 2), b + (<usize>bRow << 2), a5, b5, n5);
    }
  }
}

/** `count` neighbours of y; operands with step 0 stand still. */
function row(fn: i32, y: usize, a: usize, b: usize, aStep: i32, bStep: i32, count: i32): void {
  switch (fn) {
    case Fn.sub: each(Fn.sub, y, a, b, aStep, bStep, count); break;
    case Fn.div: each(Fn.div, y, a, b, aStep, bStep, count); break;
    case Fn.min: each(Fn.min, y, a, b, aStep, bStep, count); break;
    case Fn.max: each(Fn.max, y, a, b, aStep, bStep, count); break;
    case Fn.equal: each(Fn.equal, y, a, b, aStep, bStep, count); break;
    case Fn.less: each(Fn.less, y, a, b, aStep, bStep, count); break;
    case Fn.lessOrEqual: each(Fn.lessOrEqual, y, a, b, aStep, bStep, count); break;
    case Fn.greater: each(Fn.greater, y, a, b, aStep, bStep, count); break;
    case Fn.greaterOrEqual: each(Fn.greaterOrEqual, y, a, b, aStep, bStep, count); break;
    case Fn.and: each(Fn.and, y, a, b, aStep, bStep, count); break;
    case Fn.or: each(Fn.or, y, a, b, aStep, bStep, count); break;
    case Fn.xor: each(Fn.xor, y, a, b, aStep, bStep, count); break;
    case Fn.prelu: each(Fn.prelu, y, a, b, aStep, bStep, count); break;
    case Fn.heaviside: each(Fn.heaviside, y, a, b, aStep, bStep, count); break;
    default: eachAlone(fn, y, a, b, aStep << 2, bStep << 2, count);
  }
}

// @ts-ignore: decorator
@inline
function each(fn: i32, y: usize, a: usize, b: usize, aStep: i32, bStep: i32, count: i32): void {
  for (; count > 0; count -= 4, y += 16, a += aStep << 4, b += bStep << 4) {
    const one = aStep ? v128.load(a) : v128.load32_splat(a), other = bStep ? v128.load(b) : v128.load32_splat(b);
    storeLanes(y, apply(fn, one, other), count);
  }
}

// @ts-ignore: decorator
@inline
function apply(fn: i32, a: v128, b: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (fn == Fn.sub) return f32x4.sub(a, b);
  if (fn == Fn.div) return f32x4.div(a, b);
  if (fn == Fn.min) return minimum(a, b);
  if (fn == Fn.max) return maximum(a, b);
  if (fn == Fn.equal) return v128.and(one, f32x4.eq(a, b));
  if (fn == Fn.less) return v128.and(one, f32x4.lt(a, b));
  if (fn == Fn.lessOrEqual) return v128.and(one, f32x4.le(a, b));
  if (fn == Fn.greater) return v128.and(one, f32x4.gt(a, b));
  if (fn == Fn.greaterOrEqual) return v128.and(one, f32x4.ge(a, b));
  if (fn == Fn.and) return v128.and(one, v128.and(f32x4.ne(a, zero), f32x4.ne(b, zero)));
  if (fn == Fn.or) return v128.and(one, v128.or(f32x4.ne(a, zero), f32x4.ne(b, zero)));
  if (fn == Fn.xor) return v128.and(one, v128.xor(f32x4.ne(a, zero), f32x4.ne(b, zero)));
  if (fn == Fn.prelu) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, zero));
  return v128.or(v128.and(one, f32x4.gt(a, b)), v128.and(f32x4.splat(0.5), f32x4.eq(a, b)));
}

/** The functions that go number by number; steps are bytes. */
function eachAlone(fn: i32, y: usize, a: usize, b: usize, aStep: i32, bStep: i32, count: i32): void {
  for (; count > 0; count--, y += 4, a += aStep, b += bStep) {
    const x = load<f32>(a), divisor = load<f32>(b);
    if (fn == Fn.pow) store<f32>(y, power(x, divisor));
    else {
      const rest = x % divisor;
      // fmod has the sign of x, mod that of the divisor.
      store<f32>(y, fn == Fn.mod && rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest);
    }
  }
}
