import { one } from "../constant";
import { exp, sigmoid } from "../math";

/** y = x / (1 + e^-x), over vectors begin..end of 4 floats. */
export function silu_f32(y: usize, x: usize, begin: i32, end: i32): void {
  const ones = one();
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at);
    v128.store(y + at, f32x4.div(value, f32x4.add(ones, exp(f32x4.neg(value)))));
  }
}

/** dx = dy s (1 + x (1 - s)) with s = sigmoid(x). */
export function silu_f32_backward_x(dx: usize, dy: usize, x: usize, begin: i32, end: i32): void {
  const ones = one();
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at), s = sigmoid(value);
    const slope = f32x4.mul(s, f32x4.add(ones, f32x4.mul(value, f32x4.sub(ones, s))));
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), slope));
  }
}
