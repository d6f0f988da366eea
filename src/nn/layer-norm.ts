import type { Value } from "../graph/graph.js";
import { layerNorm as layerNormOp } from "../ops/layer-norm.js";
import { map } from "../ops/map.js";
import { mean } from "../ops/mean.js";
import { mul } from "../ops/mul.js";
import { channelsOf } from "./convolution.js";
import type { Scope } from "./scope.js";

/** Layer norm over the last axis of x [..., C] (Ba et al. 2016), PyTorch's `LayerNorm`. Epsilon comes from the scope's defaults. */
export function layerNorm(net: Scope, x: Value): Value {
  const weight = net.parameter("weight", [channelsOf(x)], { initializer: { kind: "constant", value: 1 } });
  const bias = net.parameter("bias", [channelsOf(x)], { initializer: { kind: "constant", value: 0 } });
  return layerNormOp({ x, weight, bias }, { epsilon: net.defaults.epsilon });
}

/** x / sqrt(mean(x^2) + epsilon) * weight over the last axis of x [..., C] (Zhang & Sennrich 2019), PyTorch's `RMSNorm`. */
export function rmsNorm(net: Scope, x: Value): Value {
  const weight = net.parameter("weight", [channelsOf(x)], { initializer: { kind: "constant", value: 1 } });
  const square = mean({ x: mul({ a: x, b: x }) }, { axes: [-1], keepDims: true });
  const root = map({ x: map({ x: square }, { fn: "affine", alpha: 1, beta: net.defaults.epsilon }) }, { fn: "sqrt" });
  return mul({ a: mul({ a: x, b: map({ x: root }, { fn: "reciprocal" }) }), b: weight });
}
