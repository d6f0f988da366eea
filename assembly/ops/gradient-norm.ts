import { firstLanes } from "../lanes";
import { madd, sumLanes } from "../simd";

/** Elements of a partial sum: 1024 vectors in 4 running sums. */
const CHUNK: i32 = 4096;

/** partial[chunk] = sum of squares of elements chunk * 4096 .. of x, for chunks begin..end. */
export function squared_norm_f32_chunks(partial: usize, x: usize, size: i32, begin: i32, end: i32): void {
  for (let chunk = begin; chunk < end; chunk++) {
    const count = min(CHUNK, size - chunk * CHUNK);
    let at = x + (<usize>(chunk * CHUNK) << 2);
    const stop = at + (<usize>(count & ~3) << 2);
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (; at + 64 <= stop; at += 64) {
      let v = v128.load(at);
      a = madd(v, v, a);
      v = v128.load(at, 16);
      b = madd(v, v, b);
      v = v128.load(at, 32);
      c = madd(v, v, c);
      v = v128.load(at, 48);
      d = madd(v, v, d);
    }
    for (; at < stop; at += 16) {
      const v = v128.load(at);
      a = madd(v, v, a);
    }
    if (count & 3) {
      const v = v128.and(v128.load(at), firstLanes(count & 3));
      b = madd(v, v, b);
    }
    f32.store(partial + (<usize>chunk << 2), sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))));
  }
}

/** y = sum of partial[0 .. chunks], one after the other. */
export function squared_norm_f32(y: usize, partial: usize, chunks: i32, begin: i32, end: i32): void {
  if (begin >= end) return;
  let sum: f32 = 0;
  for (let at = partial, stop = partial + (<usize>chunks << 2); at < stop; at += 4) sum += f32.load(at);
  f32.store(y, sum);
}

/** y = x + more, one number each; `more` 0 stands for nothing to add. */
export function clip_factor_f32_sum(y: usize, x: usize, more: usize, begin: i32, end: i32): void {
  if (begin < end) f32.store(y, more ? f32.load(x) + f32.load(more) : f32.load(x));
}

/** y = min(1, maxNorm / (sqrt(squares) + 1e-6)); NaN stays NaN. */
export function clip_factor_f32(y: usize, squares: usize, maxNorm: f32, begin: i32, end: i32): void {
  if (begin < end) f32.store(y, min<f32>(1, maxNorm / (sqrt(f32.load(squares)) + 1e-6)));
}
