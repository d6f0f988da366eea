/** y = value over vectors begin..end of 4 floats. */
export function fill_f32(y: usize, value: f32, begin: i32, end: i32): void {
  const v = f32x4.splat(value);
  for (let at = y + (<usize>begin << 4), stop = y + (<usize>end << 4); at < stop; at += 16) v128.store(at, v);
}
