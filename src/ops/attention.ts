import { formatShape, sameShape, sizeOf, type Shape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Tensors } from "../graph/op.js";
import { concat } from "./concat.js";
import { matmul } from "./dense.js";
import { sumToShape } from "./lowering/broadcast.js";
import { panelBytesOf, sliceOf, tileBytesOf } from "./lowering/product.js";
import { add } from "./add.js";
import { mul } from "./mul.js";
import { reshape } from "./reshape.js";
import { slice } from "./slice.js";
import { softmax, softmaxBackward } from "./softmax.js";
import { transpose } from "./transpose.js";

/** Floats of scores that a thread makes before it multiplies them with the values: half of a second-level cache of 256 kB. */
const scoreFloats = 2 ** 15;

const defaults = { heads: 1 };
type Attributes = typeof defaults;

/** Images (the leading axes as one), tokens, channels of a third of qkv, and of a head. */
function sizes(qkv: Shape, heads: number) {
  const [tokens, width] = qkv.slice(-2);
  return { images: sizeOf(qkv.slice(0, -2)), tokens, channels: width / 3, depth: width / 3 / heads };
}

/**
 * Multi-head self-attention (Vaswani et al. 2017). qkv [..., tokens, 3 C] has the queries' C channels, the keys' and the values', each head by head,
 * as one linear layer makes them. The scores of all pairs of tokens never lie in memory at once; the gradients make them again, at once.
 */
export const attention = defineOp({
  name: "attention",
  summary:
    "y = softmax(q k^T / sqrt(depth) + bias) v for each head; qkv [..., tokens, 3 C], y [..., tokens, C]; bias [b, heads, tokens, tokens], of which image i takes i modulo b.",
  inputs: ["qkv", "bias?"],
  attributes: defaults,
  shape({ qkv, bias }, { heads }, fail) {
    if (qkv.length < 2) fail("expected qkv [..., tokens, 3 C]");
    const { images, tokens, channels, depth } = sizes(qkv, heads);
    if (!(Number.isInteger(heads) && heads >= 1 && Number.isInteger(depth))) fail(`expected 3 times ${heads} heads of channels, got ${channels * 3}`);
    if (tokens === 0 || depth === 0) fail("expected at least one token and channel");
    if (bias && !(bias.length === 4 && sameShape(bias.slice(1), [heads, tokens, tokens]) && bias[0] > 0 && images % bias[0] === 0)) {
      fail(`bias expects [b,${heads},${tokens},${tokens}] with b a divisor of ${images}, got ${formatShape(bias)}`);
    }
    return [...qkv.slice(0, -1), channels];
  },
  lower(emit, { y, qkv, bias }, { heads }) {
    const { images, tokens, depth } = sizes(qkv.shape, heads);
    // turbo calls the kernels of relaxed's part.
    const build = emit.build === "turbo" ? "relaxed" : emit.build;
    const [keyBytes, valueBytes] = [panelBytesOf(depth, tokens, build), panelBytesOf(tokens, depth, build)];
    const [keys, values] = [emit.scratch(images * heads * keyBytes), emit.scratch(images * heads * valueBytes)];
    const line = keyBytes / depth / 4;
    const blocks = Math.ceil(tokens / Math.max(1, Math.floor(scoreFloats / line)));
    const rows = Math.ceil(tokens / blocks);
    const tile = tileBytesOf(build);
    const work = emit.workspace(tile + rows * (line + 1) * 4);
    emit.call("attention_f32_pack", [keys, values, qkv, tokens, heads, depth], images * heads);
    emit.call(
      "attention_f32",
      [y, qkv, keys, values, bias ?? 0, work, tokens, heads, depth, 1 / Math.sqrt(depth), bias?.shape[0] ?? 1, rows, sliceOf(tokens), tile],
      images * heads * Math.ceil(tokens / rows),
    );
  },
  gradient: {
    qkv(tensors, attributes) {
      const { images, tokens, channels, depth } = sizes(tensors.qkv.shape, attributes.heads);
      const { q, k, p, dp, scale } = parts(tensors, attributes);
      const ds = softmaxBackward({ dy: dp, y: p });
      const dv = matmul({ a: p, b: byHead(tensors.dy, attributes.heads) }, { transposeA: true });
      const dq = mul({ a: matmul({ a: ds, b: k }), b: scale });
      const dk = matmul({ a: ds, b: q }, { transposeA: true });
      const all = concat(
        [dq, dk, dv].map((part) => reshape({ x: part }, { shape: [1, images, attributes.heads, tokens, depth] })),
        { axis: 0 },
      );
      return reshape({ x: transpose({ x: all }, { order: [1, 3, 0, 2, 4] }) }, { shape: [...tensors.y.shape.slice(0, -1), 3 * channels] });
    },
    bias(tensors, attributes) {
      const bias = tensors.bias as Value;
      const { p, dp } = parts(tensors, attributes);
      const ds = softmaxBackward({ dy: dp, y: p });
      return sumToShape(reshape({ x: ds }, { shape: [-1, ...bias.shape] }), bias.shape);
    },
  },
  flops: ({ qkv }, { heads }) => {
    const { images, tokens, channels } = sizes(qkv, heads);
    return 4 * images * tokens * tokens * channels;
  },
});

/** x [..., tokens, C] as [images, heads, tokens, depth]. */
function byHead(x: Value, heads: number): Value {
  const [tokens, channels] = x.shape.slice(-2);
  return transpose({ x: reshape({ x }, { shape: [-1, tokens, heads, channels / heads] }) }, { order: [0, 2, 1, 3] });
}

/** What the gradients share: scaled queries, keys, attention weights, and the gradient of these; each [images, heads, tokens, .]. */
function parts({ qkv, bias, dy }: Tensors, { heads }: Attributes) {
  const { images, tokens, depth } = sizes(qkv.shape, heads);
  const all = transpose({ x: reshape({ x: qkv }, { shape: [images, tokens, 3, heads, depth] }) }, { order: [2, 0, 3, 1, 4] });
  const [unscaled, k, v] = [0, 1, 2].map((i) => {
    const part = slice({ x: all }, { starts: [i, 0, 0, 0, 0], sizes: [1, images, heads, tokens, depth] });
    return reshape({ x: part }, { shape: [images, heads, tokens, depth] });
  });
  const scale = qkv.graph.constant(Float32Array.of(1 / Math.sqrt(depth)), [1]);
  const q = mul({ a: unscaled, b: scale });
  const scores = matmul({ a: q, b: k }, { transposeB: true });
  const shifted = bias && add({ a: reshape({ x: scores }, { shape: [-1, ...bias.shape] }), b: bias });
  const p = softmax({ x: shifted ? reshape({ x: shifted }, { shape: scores.shape }) : scores });
  return { q, k, p, scale, dp: matmul({ a: byHead(dy, heads), b: v }, { transposeB: true }) };
}
