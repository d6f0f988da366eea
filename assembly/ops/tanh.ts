import { one } from "../constant";
import { tanh } from "../math";

/** y = tanh(x), over vectors begin..end of 4 floats. */
export function tanh_f32(y: usize, x: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(y + at, tanh(v128.load(x + at)));
  }
}

/** dx = dy (1 - y^2). */
export function tanh_f32_backward_x(dx: usize, dy: usize, y: usize, begin: i32, end: i32): void {
  const ones = one();
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(y + at);
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), f32x4.sub(ones, f32x4.mul(value, value))));
  }
}
