import { floatsOf, narrowed, nearest, shiftTo } from "../../requantize";

/** What keeps `nearest` in its range; a NaN becomes this too. */
const least: f32 = -4194304;

/** y = x / scale + zero as the nearest of 0..127, even of two; divides, as ONNX does. Units are vectors of 16. NaN gives 0. */
export function quantize_u8(y: usize, x: usize, scale: f32, zero: i32, begin: i32, end: i32): void {
  const divisor = f32x4.splat(scale), bottom = f32x4.splat(least), shift = shiftTo(zero);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const from = x + (at << 2);
    const a = nearest(f32x4.pmax(bottom, f32x4.div(v128.load(from), divisor)), shift);
    const b = nearest(f32x4.pmax(bottom, f32x4.div(v128.load(from, 16), divisor)), shift);
    const c = nearest(f32x4.pmax(bottom, f32x4.div(v128.load(from, 32), divisor)), shift);
    const d = nearest(f32x4.pmax(bottom, f32x4.div(v128.load(from, 48), divisor)), shift);
    v128.store(y + at, narrowed(a, b, c, d, 0, 127));
  }
}

/** y = (x - zero) * scale. Units are vectors of 16. */
export function dequantize_u8(y: usize, x: usize, scale: f32, zero: f32, begin: i32, end: i32): void {
  const factor = f32x4.splat(scale), origin = f32x4.splat(zero);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const bytes = v128.load(x + at), to = y + (at << 2);
    v128.store(to, f32x4.mul(f32x4.sub(floatsOf(bytes, 0), origin), factor));
    v128.store(to, f32x4.mul(f32x4.sub(floatsOf(bytes, 1), origin), factor), 16);
    v128.store(to, f32x4.mul(f32x4.sub(floatsOf(bytes, 2), origin), factor), 32);
    v128.store(to, f32x4.mul(f32x4.sub(floatsOf(bytes, 3), origin), factor), 48);
  }
}
