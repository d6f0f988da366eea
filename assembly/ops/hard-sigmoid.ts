import { clamp } from "../simd";

/** y = min(max(x + 3, 0), 6) / 6, over vectors begin..end of 4 floats. */
export function hard_sigmoid_f32(y: usize, x: usize, begin: i32, end: i32): void {
  const sixth = f32x4.splat(1.0 / 6.0);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const shifted = clamp(f32x4.add(v128.load(x + at), f32x4.splat(3)), f32x4.splat(0), f32x4.splat(6));
    v128.store(y + at, f32x4.mul(shifted, sixth));
  }
}

/** dx = dy / 6 where 0 < y < 1, else 0. */
export function hard_sigmoid_f32_backward_x(dx: usize, dy: usize, y: usize, begin: i32, end: i32): void {
  const sixth = f32x4.splat(1.0 / 6.0);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(y + at);
    const inside = v128.and(f32x4.gt(value, f32x4.splat(0)), f32x4.lt(value, f32x4.splat(1)));
    v128.store(dx + at, v128.and(f32x4.mul(v128.load(dy + at), sixth), inside));
  }
}
