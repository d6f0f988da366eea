/** scale = weight / sqrt(variance + epsilon) over vectors begin..end of 4 channels. */
export function norm_scale_f32(scale: usize, weight: usize, variance: usize, epsilon: f32, begin: i32, end: i32): void {
  const eps = f32x4.splat(epsilon);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(scale + at, f32x4.div(v128.load(weight + at), f32x4.sqrt(f32x4.add(v128.load(variance + at), eps))));
  }
}

/** shift = normBias + (bias - mean) * scale over vectors begin..end of 4 channels; bias 0 where the pointer is 0. */
export function norm_shift_f32(shift: usize, scale: usize, normBias: usize, mean: usize, bias: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const b = bias ? v128.load(bias + at) : f32x4.splat(0);
    v128.store(shift + at, f32x4.add(v128.load(normBias + at), f32x4.mul(f32x4.sub(b, v128.load(mean + at)), v128.load(scale + at))));
  }
}
