import { firstLanes, storeLanes } from "../../lanes";
import { madd, sumLanes } from "../../simd";

/** Rows whose gradient sums go into one row of `partial`; then such rows are added in order, whatever the number of threads. */
const CHUNK: i32 = 32;

/** Sum of a row of `columns` floats, each less `shift`, or of their squares. */
// @ts-ignore: decorator
@inline
function rowSum(x: usize, shift: f32, squared: bool, columns: i32): f32 {
  const s = f32x4.splat(shift);
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (; columns >= 16; columns -= 16, x += 64) {
    const v0 = f32x4.sub(v128.load(x), s), v1 = f32x4.sub(v128.load(x, 16), s);
    const v2 = f32x4.sub(v128.load(x, 32), s), v3 = f32x4.sub(v128.load(x, 48), s);
    a = squared ? madd(v0, v0, a) : f32x4.add(a, v0);
    b = squared ? madd(v1, v1, b) : f32x4.add(b, v1);
    c = squared ? madd(v2, v2, c) : f32x4.add(c, v2);
    d = squared ? madd(v3, v3, d) : f32x4.add(d, v3);
  }
  for (; columns > 0; columns -= 4, x += 16) {
    const v = v128.and(f32x4.sub(v128.load(x), s), firstLanes(columns));
    a = squared ? madd(v, v, a) : f32x4.add(a, v);
  }
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Mean of a row: its first element and the mean distance from it, so that a large mean costs no bits. */
function rowMean(x: usize, columns: i32): f32 {
  const first = f32.load(x);
  return first + rowSum(x, first, false, columns) / <f32>columns;
}

/** 1 / sqrt(variance + epsilon) of a row, the variance by a second sweep over what lies in the first-level cache. */
function rowScale(x: usize, mean: f32, epsilon: f32, columns: i32): f32 {
  return 1 / sqrt<f32>(rowSum(x, mean, true, columns) / <f32>columns + epsilon);
}

/** y = (x - mean) / sqrt(variance + epsilon) weight + bias in rows begin..end of `columns` floats; weight and bias may be 0. */
export function layer_norm_f32(y: usize, x: usize, weight: usize, bias: usize, columns: i32, epsilon: f32, begin: i32, end: i32): void {
  const step = <usize>columns << 2;
  for (let row = <usize>begin * step, stop = <usize>end * step; row < stop; row += step) {
    const mean = rowMean(x + row, columns), m = f32x4.splat(mean), scale = f32x4.splat(rowScale(x + row, mean, epsilon, columns));
    for (let left = columns, at: usize = 0; left > 0; left -= 4, at += 16) {
      let v = f32x4.mul(f32x4.sub(v128.load(x + row + at), m), scale);
      if (weight) v = f32x4.mul(v, v128.load(weight + at));
      if (bias) v = f32x4.add(v, v128.load(bias + at));
      storeLanes(y + row + at, v, left);
    }
  }
}

/**
 * dx = scale (g - mean(g) - h mean(g h)) with h = (x - mean) scale, g = dy weight, in chunks begin..end of rows; beside it a chunk's column sums
 * of dy and of dy h, two rows of `partial` padded to vectors. weight may be 0.
 */
export function layer_norm_f32_backward(
  dx: usize, partial: usize, dy: usize, x: usize, weight: usize, rows: i32, columns: i32, epsilon: f32, begin: i32, end: i32,
): void {
  const step = <usize>columns << 2, width = <usize>((columns + 3) & ~3) << 2, one = f32x4.splat(1);
  for (let chunk = begin; chunk < end; chunk++) {
    const sums = partial + <usize>chunk * 2 * width;
    for (let at: usize = 0; at < 2 * width; at += 16) v128.store(sums + at, f32x4.splat(0));
    for (let row = <usize>(chunk * CHUNK) * step, stop = <usize>min(rows, (chunk + 1) * CHUNK) * step; row < stop; row += step) {
      const mean = rowMean(x + row, columns), m = f32x4.splat(mean), scale = f32x4.splat(rowScale(x + row, mean, epsilon, columns));
      let a = f32x4.splat(0), b = a;
      for (let left = columns, at: usize = 0; left > 0; left -= 4, at += 16) {
        const h = f32x4.mul(f32x4.sub(v128.load(x + row + at), m), scale), d = v128.load(dy + row + at);
        const g = v128.and(weight ? f32x4.mul(d, v128.load(weight + at)) : d, firstLanes(left));
        a = f32x4.add(a, g);
        b = f32x4.add(b, v128.and(f32x4.mul(g, h), firstLanes(left)));
        v128.store(sums + at, f32x4.add(v128.load(sums + at), d));
        v128.store(sums + at + width, madd(d, h, v128.load(sums + at + width)));
      }
      const ga = f32x4.splat(sumLanes(a) / <f32>columns), gb = f32x4.splat(sumLanes(b) / <f32>columns);
      for (let left = columns, at: usize = 0; left > 0; left -= 4, at += 16) {
        const h = f32x4.mul(f32x4.sub(v128.load(x + row + at), m), scale);
        const g = f32x4.mul(v128.load(dy + row + at), weight ? v128.load(weight + at) : one);
        storeLanes(dx + row + at, f32x4.mul(scale, f32x4.sub(f32x4.sub(g, ga), f32x4.mul(h, gb))), left);
      }
    }
  }
}

/** dbias and dweight: the column sums of all chunks, one after the other, over vectors begin..end. */
export function layer_norm_f32_backward_parameters(dweight: usize, dbias: usize, partial: usize, chunks: i32, columns: i32, begin: i32, end: i32): void {
  const width = <usize>((columns + 3) & ~3) << 2;
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    let a = f32x4.splat(0), b = a;
    for (let i = 0, from = partial + at; i < chunks; i++, from += 2 * width) {
      a = f32x4.add(a, v128.load(from));
      b = f32x4.add(b, v128.load(from + width));
    }
    v128.store(dbias + at, a);
    v128.store(dweight + at, b);
  }
}
