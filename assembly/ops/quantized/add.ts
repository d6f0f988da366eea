import { floatsOf, narrowed, nearest, shiftTo } from "../../requantize";

/** y = zero + the whole number nearest to a * aFactor + (b * bFactor + offset), bounded to low..high. Units are vectors of 16. */
export function add_u8(
  y: usize, a: usize, b: usize, aFactor: f32, bFactor: f32, offset: f32, zero: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const shift = shiftTo(zero);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const p = v128.load(a + at), q = v128.load(b + at);
    const first = weighted(p, q, 0, aFactor, bFactor, offset, shift), second = weighted(p, q, 1, aFactor, bFactor, offset, shift);
    const third = weighted(p, q, 2, aFactor, bFactor, offset, shift), fourth = weighted(p, q, 3, aFactor, bFactor, offset, shift);
    v128.store(y + at, narrowed(first, second, third, fourth, low, high));
  }
}

// @ts-ignore: decorator
@inline
function weighted(p: v128, q: v128, quarter: i32, a: f32, b: f32, offset: f32, shift: i32): v128 {
  const shifted = f32x4.add(f32x4.mul(floatsOf(q, quarter), f32x4.splat(b)), f32x4.splat(offset));
  return nearest(f32x4.add(f32x4.mul(floatsOf(p, quarter), f32x4.splat(a)), shifted), shift);
}
