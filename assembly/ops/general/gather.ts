import { clearRow, copyFloats } from "../../lanes";
import { placeOf } from "../../places";

/** y [outer, count, inner] = rows of x [outer, size, inner] at `indices` [count]; rows begin..end of y. */
export function gather_f32(y: usize, x: usize, indices: usize, size: i32, count: i32, inner: i32, begin: i32, end: i32): void {
  const bytes = <usize>inner << 2;
  for (let row = begin, i = begin % count, first = begin / count * size; row < end; row++) {
    const place = first + placeOf(load<f32>(indices + (<usize>i << 2)), size);
    copyFloats(y + <usize>row * bytes, x + <usize>place * bytes, inner);
    if (++i == count) {
      i = 0;
      first += size;
    }
  }
}

/** dx [outer, size, inner] = sum of the rows of dy [outer, count, inner] that were taken there, in their order. Units: outer x blocks of 64 columns. */
export function gather_f32_backward_x(dx: usize, dy: usize, indices: usize, size: i32, count: i32, inner: i32, begin: i32, end: i32): void {
  const bytes = <usize>inner << 2, blocks = (inner + 63) >> 6;
  for (let unit = begin; unit < end; unit++) {
    const first = (unit % blocks) << 6, columns = min(64, inner - first), outer = unit / blocks;
    const to = dx + <usize>outer * size * bytes + (<usize>first << 2);
    let from = dy + <usize>outer * count * bytes + (<usize>first << 2);
    for (let i = 0; i < size; i++) clearRow(to + <usize>i * bytes, <usize>columns << 2);
    for (let i = 0; i < count; i++, from += bytes) addFloats(to + <usize>placeOf(load<f32>(indices + (<usize>i << 2)), size) * bytes, from, columns);
  }
}

/** Adds `count` floats. */
function addFloats(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; count > 0; count--, to += 4, from += 4) f32.store(to, f32.load(to) + f32.load(from));
}
