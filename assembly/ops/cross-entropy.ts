import { firstLanes, storeLanes } from "../lanes";
import { log } from "../math";
import { rowExp, rowMax } from "../rows";
import { sumLanes } from "../simd";

/** y = 1 - smoothing + smoothing / classes at the label, smoothing / classes elsewhere, in rows begin..end; zeros where the label is no class. */
export function one_hot_f32(y: usize, labels: usize, classes: i32, smoothing: f32, begin: i32, end: i32): void {
  const share = smoothing / <f32>classes;
  for (let row = begin; row < end; row++) {
    const label = load<i32>(labels + (<usize>row << 2)), to = y + <usize>row * (<usize>classes << 2);
    const known = label >= 0 && label < classes;
    const others: f32 = known ? share : 0;
    for (let i = 0; i < classes; i++) f32.store(to + (<usize>i << 2), others);
    if (known) f32.store(to + (<usize>label << 2), 1 - smoothing + share);
  }
}

/** loss = sum(t (log(sum(exp(x - max))) - (x - max))) in rows begin..end; where t is 0, any x adds 0. */
export function softmax_cross_entropy_f32(loss: usize, logits: usize, targets: usize, classes: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const at = <usize>row * (<usize>classes << 2);
    const largest = rowMax(logits + at, classes), shift = f32x4.splat(largest);
    let total = f32x4.splat(0);
    const logSum = log(f32x4.splat(rowExp(0, logits + at, largest, classes)));
    for (let left = classes, from = at; left > 0; left -= 4, from += 16) {
      const t = v128.load(targets + from);
      const term = f32x4.mul(t, f32x4.sub(logSum, f32x4.sub(v128.load(logits + from), shift)));
      total = f32x4.add(total, v128.and(term, v128.and(f32x4.ne(t, f32x4.splat(0)), firstLanes(left))));
    }
    f32.store(loss + (<usize>row << 2), sumLanes(total));
  }
}

/** dlogits = (softmax(x) sum(t) - t) dloss in rows begin..end. */
export function softmax_cross_entropy_f32_backward_logits(dlogits: usize, dloss: usize, logits: usize, targets: usize, classes: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const at = <usize>row * (<usize>classes << 2);
    const sum = rowExp(dlogits + at, logits + at, rowMax(logits + at, classes), classes);
    let targetSum = f32x4.splat(0);
    for (let left = classes, from = at; left > 0; left -= 4, from += 16) targetSum = f32x4.add(targetSum, v128.and(v128.load(targets + from), firstLanes(left)));
    const ratio = f32x4.splat(sumLanes(targetSum) / sum), slope = v128.load32_splat(dloss + (<usize>row << 2));
    for (let left = classes, from = at; left > 0; left -= 4, from += 16) {
      const d = f32x4.sub(f32x4.mul(v128.load(dlogits + from), ratio), v128.load(targets + from));
      storeLanes(dlogits + from, f32x4.mul(d, slope), left);
    }
  }
}
