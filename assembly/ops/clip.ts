import { clamp } from "../simd";

/** y = min(max(x, low), high) over vectors begin..end of 4 floats; NaN passes through. relu is low = 0, high = infinity. */
export function clip_f32(y: usize, x: usize, low: f32, high: f32, begin: i32, end: i32): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(y + at, clamp(v128.load(x + at), lo, hi));
  }
}

/** dx = dy where low < y < high, else 0. Needs the output, not the input: one tensor less to keep. */
export function clip_f32_backward_x(dx: usize, dy: usize, y: usize, low: f32, high: f32, begin: i32, end: i32): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(y + at);
    v128.store(dx + at, v128.and(v128.load(dy + at), v128.and(f32x4.lt(lo, value), f32x4.lt(value, hi))));
  }
}
