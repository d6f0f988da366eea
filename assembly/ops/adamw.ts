import { madd } from "../simd";

/**
 * AdamW over vectors begin..end of 4 floats (Loshchilov & Hutter 2019; PyTorch `AdamW`):
 * p -= lr decay p, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
 * p -= lr / correction1 m / (sqrt(v) / sqrt(correction2) + epsilon).
 * hyper[8 floats]: lr, beta1, beta2, epsilon, decay, correction1 = 1 - beta1^t, correction2 = 1 - beta2^t, gradient
 * scale; `scale` is a second factor of the gradient, or 0 for none.
 */
export function adamw_f32(parameter: usize, mean: usize, square: usize, gradient: usize, hyper: usize, scale: usize, begin: i32, end: i32): void {
  const factor = f32x4.splat(scale ? f32.load(hyper, 28) * f32.load(scale) : f32.load(hyper, 28));
  const lr = f32.load(hyper), beta1 = v128.load32_splat(hyper, 4), beta2 = v128.load32_splat(hyper, 8), epsilon = v128.load32_splat(hyper, 12);
  const one = f32x4.splat(1), fresh1 = f32x4.sub(one, beta1), fresh2 = f32x4.sub(one, beta2);
  const keep = f32x4.splat(1 - lr * f32.load(hyper, 16)), step = f32x4.splat(lr / f32.load(hyper, 20)), spread = f32x4.splat(sqrt(f32.load(hyper, 24)));
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const g = f32x4.mul(factor, v128.load(gradient + at));
    const m = madd(beta1, v128.load(mean + at), f32x4.mul(fresh1, g));
    const v = madd(beta2, v128.load(square + at), f32x4.mul(f32x4.mul(fresh2, g), g));
    v128.store(mean + at, m);
    v128.store(square + at, v);
    const update = f32x4.div(m, f32x4.add(f32x4.div(f32x4.sqrt(v), spread), epsilon));
    v128.store(parameter + at, f32x4.sub(f32x4.mul(keep, v128.load(parameter + at)), f32x4.mul(step, update)));
  }
}
