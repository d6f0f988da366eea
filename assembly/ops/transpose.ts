/** y [batch, rows, columns] = x [batch, columns, rows] with the last axes exchanged; units are 4 rows of y (fewer at a batch's end). */
export function transpose_f32(y: usize, x: usize, rows: i32, columns: i32, begin: i32, end: i32): void {
  const blocks = (rows + 3) >> 2, stride = <usize>rows << 2, yStride = <usize>columns << 2;
  for (let unit = begin; unit < end; unit++) {
    const batch = unit / blocks, row = (unit % blocks) << 2, count = min(4, rows - row);
    const from = x + <usize>batch * columns * stride + (<usize>row << 2);
    const to = y + (<usize>batch * rows + row) * yStride;
    let column = 0;
    if (count == 4) {
      for (; column + 4 <= columns; column += 4) {
        const at = from + <usize>column * stride, into = to + (<usize>column << 2);
        const a = v128.load(at), b = v128.load(at + stride), c = v128.load(at + 2 * stride), d = v128.load(at + 3 * stride);
        const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5), abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
        const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
        v128.store(into, v128.shuffle<i64>(abLow, cdLow, 0, 2));
        v128.store(into + yStride, v128.shuffle<i64>(abLow, cdLow, 1, 3));
        v128.store(into + 2 * yStride, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
        v128.store(into + 3 * yStride, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
      }
    }
    for (; column < columns; column++) {
      for (let i = 0; i < count; i++) {
        store<u32>(to + <usize>i * yStride + (<usize>column << 2), load<u32>(from + <usize>column * stride + (<usize>i << 2)));
      }
    }
  }
}
