import { sumLanes } from "../simd";

/** Columns that one unit sums: 256 bytes of each row. */
const BLOCK = 64;

/**
 * Sums groups of `chunk` rows of x [outer, rows, columns] into y [outer, groups, columns], times `scale`, each from
 * its first row to its last. Units: outer x groups x blocks of 64 columns.
 */
export function sum_f32_rows(y: usize, x: usize, rows: i32, columns: i32, chunk: i32, scale: f32, begin: i32, end: i32): void {
  const blocks = (columns + BLOCK - 1) / BLOCK, groups = (rows + chunk - 1) / chunk;
  const stride = <usize>columns << 2, factor = f32x4.splat(scale);
  for (let unit = begin; unit < end; unit++) {
    const place = unit / blocks, first = (unit % blocks) * BLOCK, last = min(first + BLOCK, columns);
    const outer = place / groups, start = (place % groups) * chunk, count = min(chunk, rows - start);
    const from = x + <usize>(outer * rows + start) * stride, to = y + <usize>place * stride;
    let column = first;
    for (; column + 16 <= last; column += 16) {
      let at = from + (<usize>column << 2);
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      for (let row = 0; row < count; row++, at += stride) {
        s0 = f32x4.add(s0, v128.load(at));
        s1 = f32x4.add(s1, v128.load(at, 16));
        s2 = f32x4.add(s2, v128.load(at, 32));
        s3 = f32x4.add(s3, v128.load(at, 48));
      }
      at = to + (<usize>column << 2);
      v128.store(at, f32x4.mul(s0, factor));
      v128.store(at, f32x4.mul(s1, factor), 16);
      v128.store(at, f32x4.mul(s2, factor), 32);
      v128.store(at, f32x4.mul(s3, factor), 48);
    }
    for (; column + 4 <= last; column += 4) {
      let at = from + (<usize>column << 2), sum = f32x4.splat(0);
      for (let row = 0; row < count; row++, at += stride) sum = f32x4.add(sum, v128.load(at));
      v128.store(to + (<usize>column << 2), f32x4.mul(sum, factor));
    }
    for (; column < last; column++) {
      let at = from + (<usize>column << 2), sum: f32 = 0;
      for (let row = 0; row < count; row++, at += stride) sum += load<f32>(at);
      store<f32>(to + (<usize>column << 2), sum * scale);
    }
  }
}

/**
 * Sums groups of `chunk` neighbours of x [outer, length] into y [outer, groups], times `scale`: 16 interleaved sums,
 * then those in pairs, then the rest. Units: outer x groups.
 */
export function sum_f32_line(y: usize, x: usize, length: i32, chunk: i32, scale: f32, begin: i32, end: i32): void {
  const groups = (length + chunk - 1) / chunk;
  for (let unit = begin; unit < end; unit++) {
    const outer = unit / groups, start = (unit % groups) * chunk, count = min(chunk, length - start);
    let at = x + (<usize>(outer * length + start) << 2);
    const stop = at + (<usize>count << 2), whole = at + (<usize>(count & ~15) << 2);
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
    for (; at < whole; at += 64) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
    }
    let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    for (; at < stop; at += 4) sum += load<f32>(at);
    store<f32>(y + (<usize>unit << 2), sum * scale);
  }
}

/** dx [outer, repeat, columns] = scale * dy [outer, columns]; rows begin..end of dx. */
export function sum_f32_backward_rows(dx: usize, dy: usize, repeat: i32, columns: i32, scale: f32, begin: i32, end: i32): void {
  const bytes = <usize>columns << 2, whole = bytes & ~15, factor = f32x4.splat(scale);
  for (let row = begin; row < end; row++) {
    const to = dx + <usize>row * bytes, from = dy + <usize>(row / repeat) * bytes;
    for (let at: usize = 0; at < whole; at += 16) v128.store(to + at, f32x4.mul(v128.load(from + at), factor));
    for (let at = whole; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at) * scale);
  }
}

/** dx [rows, length] = scale * dy [rows]; rows begin..end. */
export function sum_f32_backward_line(dx: usize, dy: usize, length: i32, scale: f32, begin: i32, end: i32): void {
  const bytes = <usize>length << 2, whole = bytes & ~15;
  for (let row = begin; row < end; row++) {
    const to = dx + <usize>row * bytes, value = load<f32>(dy + (<usize>row << 2)) * scale, vector = f32x4.splat(value);
    for (let at: usize = 0; at < whole; at += 16) v128.store(to + at, vector);
    for (let at = whole; at < bytes; at += 4) store<f32>(to + at, value);
  }
}
