import { firstLanes, storeLanes } from "../lanes";
import { rowExp, rowMax } from "../rows";
import { sumLanes } from "../simd";

/** y = exp(x - max) / sum(exp(x - max)) in rows begin..end of `columns` floats. */
export function softmax_f32(y: usize, x: usize, columns: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const at = <usize>row * (<usize>columns << 2);
    const sum = f32x4.splat(rowExp(y + at, x + at, rowMax(x + at, columns), columns));
    let left = columns, to = y + at;
    for (; left >= 4; left -= 4, to += 16) v128.store(to, f32x4.div(v128.load(to), sum));
    if (left) storeLanes(to, f32x4.div(v128.load(to), sum), left);
  }
}

/** dx = y (dy - sum(dy y)) in rows begin..end of `columns` floats. */
export function softmax_f32_backward_x(dx: usize, dy: usize, y: usize, columns: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const at = <usize>row * (<usize>columns << 2);
    let sum = f32x4.splat(0);
    for (let left = columns, from = at; left > 0; left -= 4, from += 16) {
      sum = f32x4.add(sum, v128.and(f32x4.mul(v128.load(dy + from), v128.load(y + from)), firstLanes(left)));
    }
    const total = f32x4.splat(sumLanes(sum));
    for (let left = columns, from = at; left > 0; left -= 4, from += 16) {
      storeLanes(dx + from, f32x4.mul(v128.load(y + from), f32x4.sub(v128.load(dy + from), total)), left);
    }
  }
}
