import { madd } from "../simd";

/** hyper[5 floats]: learning rate, momentum, weight decay, dampening, gradient scale; `scale` is a second factor, or 0 for none. */
// @ts-ignore: decorator
@inline
function gradientFactor(hyper: usize, scale: usize): v128 {
  return f32x4.splat(scale ? f32.load(hyper, 16) * f32.load(scale) : f32.load(hyper, 16));
}

/** p -= lr (g + decay p) over vectors begin..end of 4 floats. */
export function sgd_f32(parameter: usize, gradient: usize, hyper: usize, scale: usize, begin: i32, end: i32): void {
  const factor = gradientFactor(hyper, scale), lr = v128.load32_splat(hyper), decay = v128.load32_splat(hyper, 8);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const p = v128.load(parameter + at);
    const d = madd(decay, p, f32x4.mul(factor, v128.load(gradient + at)));
    v128.store(parameter + at, f32x4.sub(p, f32x4.mul(lr, d)));
  }
}

/**
 * d = g + decay p, m = momentum m + (1 - dampening) d, p -= lr (nesterov ? d + momentum m : m) over vectors begin..end
 * of 4 floats.
 */
export function sgd_momentum_f32(parameter: usize, momentum: usize, gradient: usize, hyper: usize, scale: usize, nesterov: bool, begin: i32, end: i32): void {
  const factor = gradientFactor(hyper, scale), lr = v128.load32_splat(hyper), keep = v128.load32_splat(hyper, 4), decay = v128.load32_splat(hyper, 8);
  const take = f32x4.sub(f32x4.splat(1), v128.load32_splat(hyper, 12));
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const p = v128.load(parameter + at);
    let d = madd(decay, p, f32x4.mul(factor, v128.load(gradient + at)));
    const m = madd(keep, v128.load(momentum + at), f32x4.mul(take, d));
    v128.store(momentum + at, m);
    d = nesterov ? madd(keep, m, d) : m;
    v128.store(parameter + at, f32x4.sub(p, f32x4.mul(lr, d)));
  }
}
