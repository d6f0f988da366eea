import { firstLanes, storeLanes } from "../../lanes";
import { exp, expm1, log } from "../../math";
import { lanePower } from "../../power";
import { rowExp, rowMax } from "../../rows";
import { madd, sumLanes } from "../../simd";

/** loss = sum(t (1 - p)^gamma (-log p)), p = softmax(x), in rows begin..end; where t is 0, any x adds 0. */
export function focal_loss_f32(loss: usize, logits: usize, targets: usize, classes: i32, gamma: f32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    let at = <usize>row * (<usize>classes << 2);
    const largest = rowMax(logits + at, classes), shift = f32x4.splat(largest);
    const logSum = log(f32x4.splat(rowExp(0, logits + at, largest, classes)));
    let total = f32x4.splat(0);
    for (let left = classes; left > 0; left -= 4, at += 16) {
      const t = v128.load(targets + at), l = f32x4.sub(f32x4.sub(v128.load(logits + at), shift), logSum);
      const term = f32x4.mul(f32x4.mul(t, lanePower(missing(l), gamma)), f32x4.neg(l));
      total = f32x4.add(total, v128.and(term, v128.and(f32x4.ne(t, f32x4.splat(0)), firstLanes(left))));
    }
    f32.store(loss + (<usize>row << 2), sumLanes(total));
  }
}

/** dlogits = dloss (g - p sum(g)) in rows begin..end, g = t (1 - p)^gamma (gamma p log(p) / (1 - p) - 1). */
export function focal_loss_f32_backward_logits(dlogits: usize, dloss: usize, logits: usize, targets: usize, classes: i32, gamma: f32, begin: i32, end: i32): void {
  const zero = f32x4.splat(0), one = f32x4.splat(1), power = f32x4.splat(gamma);
  for (let row = begin; row < end; row++) {
    const first = <usize>row * (<usize>classes << 2);
    const largest = rowMax(logits + first, classes), shift = f32x4.splat(largest);
    const logSum = log(f32x4.splat(rowExp(0, logits + first, largest, classes)));
    let total = zero;
    for (let left = classes, at = first; left > 0; left -= 4, at += 16) {
      const t = v128.load(targets + at), l = f32x4.sub(f32x4.sub(v128.load(logits + at), shift), logSum), q = missing(l);
      // log(p) / (1 - p) is -1 where p is 1.
      const ratio = v128.bitselect(f32x4.neg(one), f32x4.div(l, q), f32x4.eq(q, zero));
      const slope = f32x4.sub(f32x4.mul(power, f32x4.mul(exp(l), ratio)), one);
      const g = v128.and(f32x4.mul(f32x4.mul(t, lanePower(q, gamma)), slope), f32x4.ne(t, zero));
      total = f32x4.add(total, v128.and(g, firstLanes(left)));
      storeLanes(dlogits + at, g, left);
    }
    const sum = f32x4.splat(-sumLanes(total)), dy = v128.load32_splat(dloss + (<usize>row << 2));
    for (let left = classes, at = first; left > 0; left -= 4, at += 16) {
      const p = exp(f32x4.sub(f32x4.sub(v128.load(logits + at), shift), logSum));
      storeLanes(dlogits + at, f32x4.mul(madd(p, sum, v128.load(dlogits + at)), dy), left);
    }
  }
}

/** 1 - e^l for l up to 0, without cancellation. */
// @ts-ignore: decorator
@inline
function missing(l: v128): v128 {
  return f32x4.neg(expm1(f32x4.pmin(l, f32x4.splat(0))));
}
