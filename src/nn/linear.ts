import { sizeOf } from "../core/shape.js";
import type { FileLayout, Value } from "../graph/graph.js";
import { dense } from "../ops/dense.js";
import { reshape } from "../ops/reshape.js";
import { channelsOf } from "./convolution.js";
import type { Scope } from "./scope.js";

export interface Linear {
  /** Output features. */
  readonly features: number;
  /** Default true. */
  readonly bias?: boolean;
  /** The checkpoint keeps the weight as a 1x1 convolution's, [features, C, 1, 1]. Default false. */
  readonly convolution?: boolean;
}

/** y = x weight + bias over the last axis of x [..., C]; `weight` is [features, C] in checkpoints and [C, features] in memory. */
export function linear(net: Scope, x: Value, { features, bias, convolution = false }: Linear): Value {
  const inputs = channelsOf(x);
  const shape = convolution ? [features, inputs, 1, 1] : [features, inputs];
  return layer(net, x, features, bias, { shape, view: [features, inputs], order: [1, 0] }, convolution);
}

/**
 * PyTorch's `Flatten` and `Linear` on x [N, H, W, C]. Checkpoints count the inputs as [C, H, W], memory as [H, W, C],
 * so the weight's input axis is permuted between the two.
 */
export function linearAfterFlatten(net: Scope, x: Value, { features, bias }: Omit<Linear, "convolution">): Value {
  const [count, height, width, depth] = x.shape;
  const inputs = height * width * depth;
  const file = { shape: [features, inputs], view: [features, depth, height, width], order: [2, 3, 1, 0] };
  return layer(net, reshape({ x }, { shape: [count, inputs] }), features, bias, file);
}

function layer(net: Scope, x: Value, features: number, bias = true, file: FileLayout, convolution = false): Value {
  const fan = { in: sizeOf(file.shape) / features, out: features, groups: 1 };
  const { convWeight, convBias, linearWeight, linearBias } = net.defaults;
  const weight = net.parameter("weight", [fan.in, features], { initializer: (convolution ? convWeight : linearWeight)(fan), file });
  return dense({ x, weight, bias: bias ? net.parameter("bias", [features], { initializer: (convolution ? convBias : linearBias)(fan) }) : undefined });
}
