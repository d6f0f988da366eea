import { gelu } from "../ops/gelu.js";
import { ShapeError } from "../core/errors.js";
import type { Value } from "../graph/graph.js";
import { add } from "../ops/add.js";
import { attention } from "../ops/attention.js";
import { matmul } from "../ops/dense.js";
import { expand } from "../ops/expand.js";
import { mul } from "../ops/mul.js";
import { reshape } from "../ops/reshape.js";
import { slice } from "../ops/slice.js";
import { softmax } from "../ops/softmax.js";
import { transpose } from "../ops/transpose.js";
import { channelsOf, conv } from "./convolution.js";
import { linear } from "./linear.js";
import { layerNorm } from "./layer-norm.js";
import type { Scope } from "./scope.js";

/** Patches of x [N, H, W, C] side by side, each multiplied with one matrix: [N, H / patch, W / patch, channels] (Dosovitskiy et al. 2020). */
export function patchEmbedding(net: Scope, x: Value, { channels, patch }: { channels: number; patch: number }): Value {
  const [, height, width] = x.shape;
  if (height % patch !== 0 || width % patch !== 0) {
    throw new ShapeError(`patchEmbedding: expected height and width in multiples of ${patch} pixels, got ${height} x ${width} at ${net.path}`);
  }
  return conv(net.at("proj"), x, { channels, kernel: patch, stride: patch });
}

/** Multi-head attention of x [..., tokens, C] to itself, as timm names it: `qkv` makes queries, keys and values, `proj` mixes the heads' results. */
export function selfAttention(net: Scope, x: Value, { heads, bias }: { heads: number; bias?: Value }): Value {
  const channels = channelsOf(x);
  const y = attention({ qkv: linear(net.at("qkv"), x, { features: 3 * channels }), bias }, { heads });
  return linear(net.at("proj"), y, { features: channels });
}

/** Two linear layers of x [..., C] with `hidden` features and GELU between them. */
export function mlp(net: Scope, x: Value, { hidden }: { hidden: number }): Value {
  const y = gelu({ x: linear(net.at("fc1"), x, { features: hidden }) });
  return linear(net.at("fc2"), y, { features: channelsOf(x) });
}

/**
 * Attention of one learned query to x [N, tokens, C], as timm's `AttentionPoolLatent`: [N, C], to which an MLP of it, normalised, is added
 * (Zhai et al. 2022, "Scaling vision transformers", section 2.2).
 */
export function attentionPool(net: Scope, x: Value, { heads, hidden }: { heads: number; hidden: number }): Value {
  const [count, tokens, channels] = x.shape;
  const depth = channels / heads;
  const latent = net.parameter("latent", [1, 1, channels], { initializer: { kind: "normal", std: 1 / Math.sqrt(channels) } });
  const q = reshape({ x: linear(net.at("q"), latent, { features: channels }) }, { shape: [heads, 1, depth] });
  const kv = reshape({ x: linear(net.at("kv"), x, { features: 2 * channels }) }, { shape: [count, tokens, 2, heads, depth] });
  const [k, v] = [0, 1].map((i) => {
    const part = slice({ x: kv }, { starts: [0, 0, i, 0, 0], sizes: [count, tokens, 1, heads, depth] });
    return transpose({ x: reshape({ x: part }, { shape: [count, tokens, heads, depth] }) }, { order: [0, 2, 1, 3] });
  });
  const scale = net.graph.constant(Float32Array.of(1 / Math.sqrt(depth)), [1]);
  const weights = softmax({ x: matmul({ a: mul({ a: q, b: scale }), b: k }, { transposeB: true }) });
  const y = linear(net.at("proj"), reshape({ x: matmul({ a: weights, b: v }) }, { shape: [count, channels] }), { features: channels });
  return add({ a: y, b: mlp(net.at("mlp"), layerNorm(net.at("norm"), y), { hidden }) });
}

/** x times a learned `gamma` for each channel that starts at `initial` (Touvron et al. 2021, "LayerScale"). `file`: its shape in checkpoints. */
export function layerScale(net: Scope, x: Value, initial: number, file = [channelsOf(x)]): Value {
  const shape = [channelsOf(x)];
  const layout = { shape: file, view: shape, order: [0] };
  return mul({ a: x, b: net.parameter("gamma", shape, { initializer: { kind: "constant", value: initial }, file: layout }) });
}

/** Learned tokens [1, length, channels], the same for each of `count` images: [count, length, channels]. */
export function learnedTokens(net: Scope, name: string, { count, length, channels }: { count: number; length: number; channels: number }): Value {
  const learned = net.parameter(name, [1, length, channels], { initializer: { kind: "normal", std: 0.02 } });
  return expand({ x: learned }, { shape: [count, length, channels] });
}
