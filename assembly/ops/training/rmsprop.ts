import { madd } from "../../simd";

/**
 * RMSprop over vectors begin..end of 4 floats (Hinton 2012; PyTorch `RMSprop`, and with `tensorflow` timm's `RMSpropTF`): d = g + decay p,
 * v = alpha v + (1 - alpha) d^2, m = alpha m + (1 - alpha) d, w = v + initial - m^2, then d / (sqrt(w) + epsilon) goes to the momentum
 * b = momentum b + d / ..., and p -= lr b. With `tensorflow` it is d / sqrt(w + epsilon), and lr goes into b.
 * hyper[7 floats]: lr, alpha, epsilon, decay, momentum, initial: what is left of the average's first value, gradient scale; `mean` (of
 * the centred form) and `momentum` may be 0; `scale` is a second factor of the gradient, or 0 for none.
 */
export function rmsprop_f32(
  parameter: usize, square: usize, mean: usize, momentum: usize, gradient: usize, hyper: usize, scale: usize, tensorflow: bool, begin: i32, end: i32,
): void {
  const factor = f32x4.splat(scale ? f32.load(hyper, 24) * f32.load(scale) : f32.load(hyper, 24));
  const lr = v128.load32_splat(hyper), alpha = v128.load32_splat(hyper, 4), epsilon = v128.load32_splat(hyper, 8), decay = v128.load32_splat(hyper, 12);
  const keep = v128.load32_splat(hyper, 16), initial = v128.load32_splat(hyper, 20), zero = f32x4.splat(0), fresh = f32x4.sub(f32x4.splat(1), alpha);
  const early = tensorflow ? lr : f32x4.splat(1), late = tensorflow ? f32x4.splat(1) : lr;
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const p = v128.load(parameter + at);
    const d = madd(decay, p, f32x4.mul(factor, v128.load(gradient + at)));
    const v = madd(alpha, v128.load(square + at), f32x4.mul(f32x4.mul(fresh, d), d));
    v128.store(square + at, v);
    let w = f32x4.add(v, initial);
    if (mean) {
      const m = madd(alpha, v128.load(mean + at), f32x4.mul(fresh, d));
      v128.store(mean + at, m);
      w = f32x4.pmax(f32x4.sub(w, f32x4.mul(m, m)), zero); // rounding may take it below 0
    }
    const spread = tensorflow ? f32x4.sqrt(f32x4.add(w, epsilon)) : f32x4.add(f32x4.sqrt(w), epsilon);
    let b = f32x4.mul(early, f32x4.div(d, spread));
    if (momentum) {
      b = madd(keep, v128.load(momentum + at), b);
      v128.store(momentum + at, b);
    }
    v128.store(parameter + at, f32x4.sub(p, f32x4.mul(late, b)));
  }
}
