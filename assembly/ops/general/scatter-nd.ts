import { storeLanes } from "../../lanes";
import { flatPlace } from "../../places";
import { maximum, minimum } from "../../simd";

/** In the order of `reductions` in src/ops/scatter-nd.ts. */
const enum Reduction { none, add, mul, max, min }

/**
 * Rows of y [batch, size, inner], size = n0 n1 ..., at the positions `indices` [batch, count, rank] become, or are joined with, those of updates
 * [batch, count, inner], in their order. Units: batch x blocks of 16 columns.
 */
export function scatter_nd_f32(
  y: usize, updates: usize, indices: usize, reduction: i32, rank: i32, n0: i32, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32,
  size: i32, count: i32, inner: i32, begin: i32, end: i32,
): void {
  const blocks = (inner + 15) >> 4;
  for (let unit = begin; unit < end; unit++) {
    const batch = unit / blocks, column = (unit % blocks) << 4, first = batch * count;
    for (let row = first; row < first + count; row++) {
      const place = batch * size + flatPlace(indices + (<usize>(row * rank) << 2), rank, n0, n1, n2, n3, n4, n5);
      let to = y + (<usize>place * inner + column << 2), from = updates + (<usize>row * inner + column << 2);
      for (let left = min(16, inner - column); left > 0; left -= 4, to += 16, from += 16) storeLanes(to, join(reduction, v128.load(to), v128.load(from)), left);
    }
  }
}

function join(reduction: i32, a: v128, b: v128): v128 {
  if (reduction == Reduction.add) return f32x4.add(a, b);
  if (reduction == Reduction.mul) return f32x4.mul(a, b);
  if (reduction == Reduction.max) return maximum(a, b);
  if (reduction == Reduction.min) return minimum(a, b);
  return b;
}
