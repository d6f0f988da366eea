/** sum += x over vectors begin..end of 4 floats; sum = x where the number `fresh` is not 0. */
export function accumulate_f32(sum: usize, x: usize, fresh: usize, begin: i32, end: i32): void {
  const starts = f32.load(fresh) != 0;
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const value = v128.load(x + at);
    v128.store(sum + at, starts ? value : f32x4.add(v128.load(sum + at), value));
  }
}
