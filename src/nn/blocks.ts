import type { Value } from "../graph/graph.js";
import { dropout as dropoutOp } from "../ops/dropout.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { mul } from "../ops/mul.js";
import { reshape } from "../ops/reshape.js";
import { stochasticDepth as stochasticDepthOp } from "../ops/stochastic-depth.js";
import { type Activation, activate, clamps } from "./activation.js";
import { channelsOf, conv, type Conv } from "./convolution.js";
import { linear } from "./linear.js";
import { batchNorm } from "./norm.js";
import type { Scope } from "./scope.js";

/** A convolution without bias and the batch norm (or what the scope has in its place) after it; `names` are theirs. Padding by the scope's default. */
export function convNorm(
  net: Scope,
  x: Value,
  options: Omit<Conv, "bias">,
  names: readonly [string, string] = ["0", "1"],
  clamp: { low?: number; high?: number } = {},
): Value {
  const y = unbiased(net.at(names[0]), x, options);
  const { norm } = net.defaults;
  return norm ? norm(net.at(names[1]), y) : batchNorm(net.at(names[1]), y, clamp);
}

/** `convNorm` and an activation, which the norm applies itself where it is a clamp: one sweep less, forward and backward. */
export function convNormAct(
  net: Scope,
  x: Value,
  { activation, ...options }: Omit<Conv, "bias"> & { activation: Activation },
  names: readonly [string, string] = ["0", "1"],
): Value {
  const { norm } = net.defaults;
  if (norm) return norm(net.at(names[1]), unbiased(net.at(names[0]), x, options), activation);
  const clamp = clamps[activation];
  const y = convNorm(net, x, options, names, clamp);
  return clamp ? y : activate(y, activation);
}

function unbiased(net: Scope, x: Value, options: Omit<Conv, "bias">): Value {
  return conv(net, x, { padding: net.defaults.padding, ...options, bias: false });
}

export interface SqueezeExcite {
  /** Between the two layers. */
  readonly channels: number;
  /** Default `fc1`, `fc2`. */
  readonly names?: readonly [reduce: string, expand: string];
  /** Default `relu`. */
  readonly activation?: Activation;
  /** Default `sigmoid`; MobileNetV3 has `hardSigmoid`. */
  readonly gate?: "sigmoid" | "hardSigmoid";
}

/**
 * Squeeze-and-excitation (Hu et al. 2018): x [N, H, W, C] times gate(expand(activation(reduce(mean over H, W)))).
 * Checkpoints keep both layers as 1x1 convolutions.
 */
export function squeezeExcite(net: Scope, x: Value, { channels, names = ["fc1", "fc2"], activation = "relu", gate = "sigmoid" }: SqueezeExcite): Value {
  const depth = channelsOf(x);
  const reduced = activate(linear(net.at(names[0]), globalAveragePool({ x }), { features: channels, convolution: true }), activation);
  const scale = activate(linear(net.at(names[1]), reduced, { features: depth, convolution: true }), gate);
  return mul({ a: x, b: reshape({ x: scale }, { shape: [x.shape[0], 1, 1, depth] }) });
}

/** Sets each element to 0 with probability `p`, or the scope's `dropRate`, and scales the others by 1 / (1 - p) while training with a random input; else x itself. */
export function dropout(net: Scope, x: Value, usual: number): Value {
  const p = net.dropRate ?? usual;
  return net.random && p > 0 ? dropoutOp({ x, random: net.random }, { p, stream: net.nextStream() }) : x;
}

/**
 * The branch x of a residual block, while training with a random input dropped for whole images with the probability that the block's
 * depth gives it. @see Huang et al. 2016, "Deep networks with stochastic depth", equation 4
 */
export function stochasticDepth(net: Scope, x: Value): Value {
  const p = net.dropPathRate * net.defaults.depth;
  return net.random && p > 0 ? stochasticDepthOp({ x, random: net.random }, { p, stream: net.nextStream() }) : x;
}
