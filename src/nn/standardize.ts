import type { Value } from "../graph/graph.js";
import { combine } from "../ops/combine.js";
import { map } from "../ops/map.js";
import { mean } from "../ops/mean.js";
import { mul } from "../ops/mul.js";

/** x without its mean over `axes`, and 1 / sqrt(variance + epsilon), the variance biased; the latter's `axes` have size 1. */
export function standardize(x: Value, { axes, epsilon }: { axes: readonly number[]; epsilon: number }): { centred: Value; scale: Value } {
  const over = { axes, keepDims: true };
  const centred = combine({ a: x, b: mean({ x }, over) }, { fn: "sub" });
  const variance = mean({ x: mul({ a: centred, b: centred }) }, over);
  const deviation = map({ x: map({ x: variance }, { fn: "affine", alpha: 1, beta: epsilon }) }, { fn: "sqrt" });
  return { centred, scale: map({ x: deviation }, { fn: "reciprocal" }) };
}
