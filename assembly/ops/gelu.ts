import { constant, one } from "../constant";
import { gaussian, normalTail } from "../math";
import { clamp } from "../simd";

/** Where the tail of the normal distribution has become 0, above and below; 1 / sqrt(2 pi). */
// @ts-ignore: decorator
@lazy
const NUMBERS: usize = memory.data<f32>([14, -14, 0.3989422804014327]);

/** y = x Phi(x), Phi the normal distribution, as max(x, 0) - |x| Phi(-|x|), over vectors begin..end of 4 floats. */
export function gelu_f32(y: usize, x: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at), size = f32x4.pmin(f32x4.abs(value), constant(NUMBERS, 0));
    const tail = f32x4.mul(f32x4.mul(size, normalTail(size)), gaussian(value));
    v128.store(y + at, f32x4.sub(f32x4.pmax(value, f32x4.splat(0)), tail));
  }
}

/** dx = dy (Phi(x) + x phi(x)), phi = e^(-x^2 / 2) / sqrt(2 pi). */
export function gelu_f32_backward_x(dx: usize, dy: usize, x: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at), inside = clamp(value, constant(NUMBERS, 1), constant(NUMBERS, 0));
    const density = gaussian(value), tail = f32x4.mul(normalTail(f32x4.abs(inside)), density);
    const phi = v128.bitselect(tail, f32x4.sub(one(), tail), f32x4.lt(value, f32x4.splat(0)));
    const slope = f32x4.add(phi, f32x4.mul(f32x4.mul(inside, density), constant(NUMBERS, 2)));
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), slope));
  }
}
