import { firstLanes, storeLanes } from "../../lanes";
import { exp, log } from "../../math";
import { rowExp, rowMax } from "../../rows";
import { sumLanes } from "../../simd";

/** y = x - max - log(sum(exp(x - max))) in rows begin..end of `columns` floats. */
export function log_softmax_f32(y: usize, x: usize, columns: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    let at = <usize>row * (<usize>columns << 2);
    const most = rowMax(x + at, columns), shift = f32x4.splat(most), rest = log(f32x4.splat(rowExp(0, x + at, most, columns)));
    for (let left = columns; left > 0; left -= 4, at += 16) storeLanes(y + at, f32x4.sub(f32x4.sub(v128.load(x + at), shift), rest), left);
  }
}

/** dx = dy - e^y sum(dy) in rows begin..end of `columns` floats. */
export function log_softmax_f32_backward_x(dx: usize, dy: usize, y: usize, columns: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const from = <usize>row * (<usize>columns << 2);
    let sum = f32x4.splat(0);
    for (let left = columns, at = dy + from; left > 0; left -= 4, at += 16) sum = f32x4.add(sum, v128.and(v128.load(at), firstLanes(left)));
    const total = f32x4.splat(sumLanes(sum));
    for (let left = columns, at = from; left > 0; left -= 4, at += 16) {
      storeLanes(dx + at, f32x4.sub(v128.load(dy + at), f32x4.mul(exp(v128.load(y + at)), total)), left);
    }
  }
}
