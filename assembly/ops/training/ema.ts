import { madd } from "../../simd";

/** a += share (x - a) over vectors begin..end of 4 floats, from the nearer of the two: a share of 1 gives x itself. */
export function ema_f32(average: usize, x: usize, share: usize, begin: i32, end: i32): void {
  const part = f32.load(share), near = part < 0.5, factor = f32x4.splat(near ? part : part - 1);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const a = v128.load(average + at), b = v128.load(x + at);
    v128.store(average + at, madd(factor, f32x4.sub(b, a), near ? a : b));
  }
}
