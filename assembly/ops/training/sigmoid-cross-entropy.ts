import { firstLanes, storeLanes } from "../../lanes";
import { exp, log1p } from "../../math";
import { lanePower } from "../../power";
import { madd, sumLanes } from "../../simd";

/** The share of an element in the loss of its row: weight, alpha t + (1 - alpha)(1 - t) unless alpha is negative, and the mean's factor. */
// @ts-ignore: decorator
@inline
function shareOf(t: v128, weight: usize, alpha: f32, factor: f32): v128 {
  const share = f32x4.splat(factor), one = f32x4.splat(1);
  const balanced = alpha < 0 ? share : f32x4.mul(share, madd(f32x4.splat(1 - alpha), f32x4.sub(one, t), f32x4.mul(f32x4.splat(alpha), t)));
  return weight ? f32x4.mul(balanced, v128.load(weight)) : balanced;
}

/**
 * loss = factor sum(weight share m^gamma c) in rows begin..end, c = max(x, 0) - x t + log(1 + e^-|x|) the binary cross-entropy of each
 * logit and m = sigmoid(x)(1 - t) + sigmoid(-x) t what is missing to its target (Lin et al. 2017, equation 5, for targets 0..1).
 */
export function sigmoid_cross_entropy_f32(
  loss: usize, logits: usize, targets: usize, weight: usize, classes: i32, gamma: f32, alpha: f32, factor: f32, begin: i32, end: i32,
): void {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  for (let row = begin; row < end; row++) {
    let total = zero, at = <usize>row * (<usize>classes << 2), w = weight;
    for (let left = classes; left > 0; left -= 4, at += 16, w += weight ? 16 : 0) {
      const x = v128.load(logits + at), t = v128.load(targets + at), e = exp(f32x4.neg(f32x4.abs(x)));
      let c = f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, t)), log1p(e));
      if (gamma != 0) {
        const larger = f32x4.div(one, f32x4.add(one, e)), smaller = f32x4.mul(e, larger), positive = f32x4.ge(x, zero);
        const p = v128.bitselect(larger, smaller, positive), q = v128.bitselect(smaller, larger, positive);
        c = f32x4.mul(lanePower(madd(p, f32x4.sub(one, t), f32x4.mul(q, t)), gamma), c);
      }
      total = f32x4.add(total, v128.and(f32x4.mul(shareOf(t, w, alpha, factor), c), firstLanes(left)));
    }
    f32.store(loss + (<usize>row << 2), sumLanes(total));
  }
}

/** dlogits = dloss factor weight share m^gamma (p (1 - t) - q t + gamma (1 - 2 t) p q / m c) in rows begin..end; p = sigmoid(x), q = sigmoid(-x). */
export function sigmoid_cross_entropy_f32_backward_logits(
  dlogits: usize, dloss: usize, logits: usize, targets: usize, weight: usize, classes: i32, gamma: f32, alpha: f32, factor: f32, begin: i32, end: i32,
): void {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  for (let row = begin; row < end; row++) {
    const slope = v128.load32_splat(dloss + (<usize>row << 2));
    let at = <usize>row * (<usize>classes << 2), w = weight;
    for (let left = classes; left > 0; left -= 4, at += 16, w += weight ? 16 : 0) {
      const x = v128.load(logits + at), t = v128.load(targets + at), e = exp(f32x4.neg(f32x4.abs(x)));
      const larger = f32x4.div(one, f32x4.add(one, e)), smaller = f32x4.mul(e, larger), positive = f32x4.ge(x, zero);
      const p = v128.bitselect(larger, smaller, positive), q = v128.bitselect(smaller, larger, positive);
      const over = f32x4.mul(p, f32x4.sub(one, t)), under = f32x4.mul(q, t);
      let d = f32x4.sub(over, under);
      if (gamma != 0) {
        const m = f32x4.add(over, under), c = f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, t)), log1p(e));
        const ratio = v128.and(f32x4.div(f32x4.mul(p, q), m), f32x4.ne(m, zero));
        const turn = f32x4.mul(f32x4.mul(f32x4.splat(gamma), f32x4.sub(one, f32x4.add(t, t))), f32x4.mul(ratio, c));
        d = f32x4.mul(lanePower(m, gamma), f32x4.add(d, turn));
      }
      storeLanes(dlogits + at, f32x4.mul(f32x4.mul(shareOf(t, w, alpha, factor), d), slope), left);
    }
  }
}
