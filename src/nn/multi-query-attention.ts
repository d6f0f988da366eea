import type { Value } from "../graph/graph.js";
import { matmul } from "../ops/dense.js";
import { mul } from "../ops/mul.js";
import { reshape } from "../ops/reshape.js";
import { softmax } from "../ops/softmax.js";
import { convNorm } from "./blocks.js";
import { channelsOf } from "./convolution.js";
import { xavierUniform } from "./initializers.js";
import { linear } from "./linear.js";
import type { Scope } from "./scope.js";

export interface MultiQueryAttention {
  readonly heads: number;
  /** Channels of a head. */
  readonly depth: number;
  /** Side of the depthwise convolution that makes fewer pixels for keys and values. */
  readonly kernel: number;
  /** Its stride; 1: none, keys and values of every pixel. */
  readonly keyStride: number;
}

/**
 * Attention of the pixels of x [N, H, W, C] to each other, all heads to the same keys and values (Shazeer 2019; Qin et al. 2024, section 4),
 * as timm names it. With one set of keys the heads' queries are just more rows of one product.
 */
export function multiQueryAttention(root: Scope, x: Value, { heads, depth, kernel, keyStride }: MultiQueryAttention): Value {
  const net = root.with({ convWeight: xavierUniform });
  const [count, height, width, channels] = x.shape;
  const project = (at: Scope, y: Value, features: number) => linear(at.at("proj"), y, { features, bias: false, convolution: true });
  const [keys, values] = ["key", "value"].map((name) => {
    const at = net.at(name);
    const y = keyStride > 1 ? convNorm(at, x, { channels, kernel, stride: keyStride, groups: channels }, ["down_conv", "norm"]) : x;
    return project(at, reshape({ x: y }, { shape: [count, -1, channels] }), depth);
  });
  const queries = reshape({ x: project(net.at("query"), x, heads * depth) }, { shape: [count, height * width * heads, depth] });
  const scale = net.graph.constant(Float32Array.of(1 / Math.sqrt(depth)), [1]);
  const weights = softmax({ x: matmul({ a: mul({ a: queries, b: scale }), b: keys }, { transposeB: true }) });
  const found = reshape({ x: matmul({ a: weights, b: values }) }, { shape: [count, height, width, heads * depth] });
  return project(net.at("output"), found, channelsOf(x));
}
