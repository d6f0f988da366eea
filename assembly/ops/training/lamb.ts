import { madd } from "../../simd";

/**
 * LAMB's direction over vectors begin..end of 4 floats (You et al. 2020, algorithm 2): m = beta1 m + (1 - beta1) g,
 * v = beta2 v + (1 - beta2) g^2, update = m / correction1 / (sqrt(v) / sqrt(correction2) + epsilon) + decay p.
 * hyper[8 floats]: as `adamw_f32`'s; `scale` is a second factor of the gradient, or 0 for none.
 */
export function lamb_f32_update(update: usize, mean: usize, square: usize, parameter: usize, gradient: usize, hyper: usize, scale: usize, begin: i32, end: i32): void {
  const factor = f32x4.splat(scale ? f32.load(hyper, 28) * f32.load(scale) : f32.load(hyper, 28));
  const beta1 = v128.load32_splat(hyper, 4), beta2 = v128.load32_splat(hyper, 8), epsilon = v128.load32_splat(hyper, 12), decay = v128.load32_splat(hyper, 16);
  const one = f32x4.splat(1), fresh1 = f32x4.sub(one, beta1), fresh2 = f32x4.sub(one, beta2);
  const correction = v128.load32_splat(hyper, 20), spread = f32x4.splat(sqrt(f32.load(hyper, 24)));
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const g = f32x4.mul(factor, v128.load(gradient + at));
    const m = madd(beta1, v128.load(mean + at), f32x4.mul(fresh1, g));
    const v = madd(beta2, v128.load(square + at), f32x4.mul(f32x4.mul(fresh2, g), g));
    v128.store(mean + at, m);
    v128.store(square + at, v);
    const direction = f32x4.div(f32x4.div(m, correction), f32x4.add(f32x4.div(f32x4.sqrt(v), spread), epsilon));
    v128.store(update + at, madd(decay, v128.load(parameter + at), direction));
  }
}

/**
 * ratio = sqrt(parameterSquares / updateSquares), at most 1 with `clip`; 1 where either is 0, and for a parameter without weight decay
 * unless `always`.
 */
export function lamb_f32_ratio(ratio: usize, parameterSquares: usize, updateSquares: usize, hyper: usize, clip: bool, always: bool, begin: i32, end: i32): void {
  if (begin >= end) return;
  const weight = sqrt(f32.load(parameterSquares)), update = sqrt(f32.load(updateSquares));
  const adapts = (always || f32.load(hyper, 16) != 0) && weight > 0 && update > 0;
  const trust: f32 = adapts ? weight / update : 1;
  f32.store(ratio, clip ? min<f32>(trust, 1) : trust);
}

/** p -= lr ratio update over vectors begin..end of 4 floats. */
export function lamb_f32(parameter: usize, update: usize, ratio: usize, hyper: usize, begin: i32, end: i32): void {
  const step = f32x4.splat(f32.load(hyper) * f32.load(ratio));
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(parameter + at, f32x4.sub(v128.load(parameter + at), f32x4.mul(step, v128.load(update + at))));
  }
}
