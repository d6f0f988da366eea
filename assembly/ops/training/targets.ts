import { madd } from "../../simd";

/** y = keep t + share over vectors begin..end of 4 floats; with `hard`, 1 where that is above `threshold`, else 0. */
export function smooth_targets_f32(y: usize, targets: usize, keep: f32, share: f32, hard: bool, threshold: f32, begin: i32, end: i32): void {
  const factor = f32x4.splat(keep), rest = f32x4.splat(share), least = f32x4.splat(threshold), one = f32x4.splat(1);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const t = madd(factor, v128.load(targets + at), rest);
    v128.store(y + at, hard ? v128.and(one, f32x4.gt(t, least)) : t);
  }
}
