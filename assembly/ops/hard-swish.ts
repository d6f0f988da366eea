import { clamp } from "../simd";

/** y = x min(max(x + 3, 0), 6) / 6, over vectors begin..end of 4 floats. */
export function hard_swish_f32(y: usize, x: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at);
    const gate = clamp(f32x4.add(value, f32x4.splat(3)), f32x4.splat(0), f32x4.splat(6));
    v128.store(y + at, f32x4.mul(value, f32x4.mul(gate, f32x4.splat(1.0 / 6.0))));
  }
}

/** dx = 0 where x <= -3, dy where x >= 3, else dy (x / 3 + 1 / 2). */
export function hard_swish_f32_backward_x(dx: usize, dy: usize, x: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at), gradient = v128.load(dy + at);
    const between = f32x4.mul(gradient, f32x4.add(f32x4.mul(value, f32x4.splat(1.0 / 3.0)), f32x4.splat(0.5)));
    const upper = v128.bitselect(gradient, between, f32x4.ge(value, f32x4.splat(3)));
    v128.store(dx + at, v128.andnot(upper, f32x4.le(value, f32x4.splat(-3))));
  }
}
