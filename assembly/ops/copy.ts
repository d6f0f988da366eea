/**
 * Copies [n0, ..., n5] 4-byte elements from x to y, each with its element strides; rows begin..end of n5 elements.
 * It is slice, pad, concat and any transpose.
 */
export function copy_f32_strided(
  y: usize, x: usize, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32,
  y0: i32, y1: i32, y2: i32, y3: i32, y4: i32, y5: i32, x0: i32, x1: i32, x2: i32, x3: i32, x4: i32, x5: i32, begin: i32, end: i32,
): void {
  const bytes = <usize>n5 << 2, whole = bytes & ~15, flat = x5 == 1 && y5 == 1;
  for (let row = begin; row < end; ) {
    const i4 = row % n4, r3 = row / n4, i3 = r3 % n3, r2 = r3 / n3, i2 = r2 % n2, r1 = r2 / n2, i1 = r1 % n1, i0 = r1 / n1;
    let yRow = y + (<usize>(i0 * y0 + i1 * y1 + i2 * y2 + i3 * y3 + i4 * y4) << 2);
    let xRow = x + (<usize>(i0 * x0 + i1 * x1 + i2 * x2 + i3 * x3 + i4 * x4) << 2);
    for (const stop = min(end, row + n4 - i4); row < stop; row++, yRow += <usize>y4 << 2, xRow += <usize>x4 << 2) {
      if (flat) {
        for (let at: usize = 0; at < whole; at += 16) v128.store(yRow + at, v128.load(xRow + at));
        for (let at = whole; at < bytes; at += 4) store<u32>(yRow + at, load<u32>(xRow + at));
      } else {
        for (let i = 0, to = yRow, from = xRow; i < n5; i++, to += <usize>y5 << 2, from += <usize>x5 << 2) store<u32>(to, load<u32>(from));
      }
    }
  }
}
