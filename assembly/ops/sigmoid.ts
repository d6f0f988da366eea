import { one } from "../constant";
import { sigmoid } from "../math";

/** y = 1 / (1 + e^-x), over vectors begin..end of 4 floats. */
export function sigmoid_f32(y: usize, x: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(y + at, sigmoid(v128.load(x + at)));
  }
}

/** dx = dy y (1 - y). */
export function sigmoid_f32_backward_x(dx: usize, dy: usize, y: usize, begin: i32, end: i32): void {
  const ones = one();
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(y + at);
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), f32x4.mul(value, f32x4.sub(ones, value))));
  }
}
