/** y = x where x > 0, else slope x, over vectors begin..end of 4 floats. */
export function leaky_relu_f32(y: usize, x: usize, slope: f32, begin: i32, end: i32): void {
  const zero = f32x4.splat(0), factor = f32x4.splat(slope);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at);
    v128.store(y + at, v128.bitselect(value, f32x4.mul(value, factor), f32x4.gt(value, zero)));
  }
}

/** dx = dy where y > 0, else slope dy; slope is not negative, so y has the sign of x. */
export function leaky_relu_f32_backward_x(dx: usize, dy: usize, y: usize, slope: f32, begin: i32, end: i32): void {
  const zero = f32x4.splat(0), factor = f32x4.splat(slope);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const gradient = v128.load(dy + at);
    v128.store(dx + at, v128.bitselect(gradient, f32x4.mul(gradient, factor), f32x4.gt(v128.load(y + at), zero)));
  }
}
