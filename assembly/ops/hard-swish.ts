import { constant } from "../constant";
import { clamp } from "../simd";

// @ts-ignore: decorator
@lazy
const NUMBERS: usize = memory.data<f32>([3, 6, 1.0 / 6.0, -3, 1.0 / 3.0, 0.5]);

/** y = x min(max(x + 3, 0), 6) / 6, over vectors begin..end of 4 floats. */
export function hard_swish_f32(y: usize, x: usize, begin: i32, end: i32): void {
  const three = constant(NUMBERS, 0), six = constant(NUMBERS, 1), sixth = constant(NUMBERS, 2);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at);
    const gate = clamp(f32x4.add(value, three), f32x4.splat(0), six);
    v128.store(y + at, f32x4.mul(value, f32x4.mul(gate, sixth)));
  }
}

/** dx = 0 where x <= -3, dy where x >= 3, else dy (x / 3 + 1 / 2). */
export function hard_swish_f32_backward_x(dx: usize, dy: usize, x: usize, begin: i32, end: i32): void {
  const three = constant(NUMBERS, 0), low = constant(NUMBERS, 3), third = constant(NUMBERS, 4), half = constant(NUMBERS, 5);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at), gradient = v128.load(dy + at);
    const between = f32x4.mul(gradient, f32x4.add(f32x4.mul(value, third), half));
    const upper = v128.bitselect(gradient, between, f32x4.ge(value, three));
    v128.store(dx + at, v128.andnot(upper, f32x4.le(value, low)));
  }
}
