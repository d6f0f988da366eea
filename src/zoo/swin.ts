import type { Value } from "../graph/graph.js";
import { dropout, stochasticDepth } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { constant, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import { layerNorm } from "../nn/layer-norm.js";
import type { Scope } from "../nn/scope.js";
import { mlp, patchEmbedding, selfAttention } from "../nn/transformer.js";
import { add } from "../ops/add.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { pad } from "../ops/pad.js";
import { relativePositionBias } from "../ops/relative-position-bias.js";
import { reshape } from "../ops/reshape.js";
import { transpose } from "../ops/transpose.js";
import { windowMerge, windowPartition } from "../ops/window-partition.js";
import type { Family } from "./family.js";
import { replacer } from "./names.js";

/** What the names of this family differ in. */
export interface SwinVariant {
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  /** Of the first stage; each further one has twice as many, and twice the heads. */
  readonly channels: number;
  readonly heads: number;
}

export interface SwinOptions {
  /** Of layer norms, default 1e-5. */
  readonly epsilon: number;
  readonly naming: "timm" | "torchvision";
  readonly [option: string]: number | string;
}

/** Pixels of a window's side, and of a patch's. */
const window = 7;
const patch = 4;
/** How far apart two pixels of a window may be along one axis, in either direction. */
const distances = 2 * window - 1;

const even = (stage: string) => 2 * Number(stage);
const torchvisionNames = replacer([
  [/^patch_embed\.proj\./, "features.0.0."],
  [/^patch_embed\.norm\./, "features.0.2."],
  [/\.mlp\.fc1\./, ".mlp.0."],
  [/\.mlp\.fc2\./, ".mlp.3."],
  [/^head\.fc\./, "head."],
]);

/** timm counts what makes a stage smaller to it; torchvision counts stages and what is between them through. */
function torchvisionName(name: string): string {
  return torchvisionNames(name)
    .replace(/^layers\.(\d)\.downsample\./, (_, stage) => `features.${even(stage)}.`)
    .replace(/^layers\.(\d)\.blocks\./, (_, stage) => `features.${even(stage) + 1}.`);
}

/** Swin transformer (Liu et al. 2021), named as in timm or torchvision. Images whose stages are no whole windows are padded, as in torchvision. */
export function swin({ depths, channels, heads }: SwinVariant, native: Partial<SwinOptions> = {}): Family<SwinOptions> {
  return {
    defaults: ({ naming = native.naming ?? "timm" }) => ({ epsilon: 1e-5, naming }),
    choices: { naming: ["timm", "torchvision"] },
    namings: { timm: "patch_embed.proj.weight", torchvision: "features.0.0.weight" },
    build({ epsilon, naming }) {
      const rename = naming === "timm" ? (name: string) => name : torchvisionName;
      const within = (root: Scope) => root.with({ epsilon, rename, linearWeight: normal(0.02), linearBias: constant(0) });
      return {
        backbone(root, x) {
          const net = within(root);
          let y = layerNorm(net.at("patch_embed.norm"), patchEmbedding(net.at("patch_embed"), x, { channels, patch }));
          const last = depths.reduce((sum, depth) => sum + depth) - 1;
          let before = 0;
          depths.forEach((depth, stage) => {
            const at = net.at(`layers.${stage}`);
            if (stage > 0) y = mergePatches(at.at("downsample"), y);
            for (let i = 0; i < depth; i++)
              y = block(at.with({ depth: before++ / last }).at(`blocks.${i}`), y, { heads: heads << stage, isShifted: i % 2 === 1 });
          });
          return globalAveragePool({ x: layerNorm(net.at("norm"), y) });
        },
        head: (root, features, numClasses) => linear(within(root).at("head.fc"), dropout(root, features, 0), { features: numClasses }),
        embedding: (features) => features,
        classifier: ["head.fc.weight", "head.fc.bias"].map(rename),
        unused: /\.relative_position_index$/,
        indices: naming === "torchvision" ? positionIndices(depths) : undefined,
      };
    },
  };
}

/** What torchvision's state_dict has for each block: the row of the table for each pair of pixels. */
function positionIndices(depths: readonly number[]): Map<string, BigInt64Array> {
  const tokens = window * window;
  const index = BigInt64Array.from({ length: tokens * tokens }, (_, pair) => {
    const [query, key] = [Math.floor(pair / tokens), pair % tokens];
    const down = Math.floor(query / window) - Math.floor(key / window) + window - 1;
    const right = (query % window) - (key % window) + window - 1;
    return BigInt(down * distances + right);
  });
  return new Map(
    depths.flatMap((depth, stage) => Array.from({ length: depth }, (_, i) => [`features.${2 * stage + 1}.${i}.attn.relative_position_index`, index])),
  );
}

interface Block {
  readonly heads: number;
  /** Windows lie half a window lower and further right than in the block before. */
  readonly isShifted: boolean;
}

/** Attention within windows, then an MLP, each on normalised pixels and added to what came in (Liu et al. 2021, equation 3). */
function block(net: Scope, x: Value, { heads, isShifted }: Block): Value {
  const [, height, width] = x.shape;
  const shift = [height, width].map((size) => (isShifted && size > window ? Math.floor(window / 2) : 0));
  const windows = windowPartition({ x: layerNorm(net.at("norm1"), x) }, { window, shift });
  const y = selfAttention(net.at("attn"), windows, { heads, bias: attentionBias(net.at("attn"), { heads, height, width, shift }) });
  const mixed = add({ a: x, b: stochasticDepth(net, windowMerge({ x: y }, { height, width, window, shift })) });
  return add({ a: mixed, b: stochasticDepth(net, mlp(net.at("mlp"), layerNorm(net.at("norm2"), mixed), { hidden: 4 * channelsOf(x) })) });
}

interface Windows {
  readonly heads: number;
  readonly height: number;
  readonly width: number;
  readonly shift: readonly number[];
}

/** [1 or windows, heads, tokens, tokens]: the learned bias by distance and, of shifted windows, -100 between pixels that are no neighbours in the image. */
function attentionBias(net: Scope, { heads, height, width, shift }: Windows): Value {
  const tokens = window * window;
  const table = net.parameter("relative_position_bias_table", [distances * distances, heads], { initializer: { kind: "normal", std: 0.02 } });
  const bias = reshape({ x: relativePositionBias({ table }, { window: [window, window] }) }, { shape: [1, heads, tokens, tokens] });
  if (shift.every((size) => size === 0)) return bias;
  const mask = shiftMask(height, width, shift);
  return add({ a: net.graph.constant(mask, [mask.length / tokens / tokens, 1, tokens, tokens]), b: bias });
}

/** [windows, tokens, tokens]: 0 where two pixels of a window lie together in the image, -100 where only the shift brought them together. */
function shiftMask(height: number, width: number, [shiftY, shiftX]: readonly number[]): Float32Array {
  const [down, across] = [Math.ceil(height / window), Math.ceil(width / window)];
  const tokens = window * window;
  /** Which of three bands of the shifted image a place lies in: those before the last window, what the shift left of it, what it brought there. */
  const bandOf = (at: number, size: number, shift: number) => (at < size - window ? 0 : at < size - shift ? 1 : 2);
  const mask = new Float32Array(down * across * tokens * tokens);
  for (let place = 0; place < down * across; place++) {
    const regions = Array.from({ length: tokens }, (_, token) => {
      const line = Math.floor(place / across) * window + Math.floor(token / window);
      const pixel = (place % across) * window + (token % window);
      return 3 * bandOf(line, down * window, shiftY) + bandOf(pixel, across * window, shiftX);
    });
    for (let i = 0; i < tokens * tokens; i++) {
      if (regions[Math.floor(i / tokens)] !== regions[i % tokens]) mask[place * tokens * tokens + i] = -100;
    }
  }
  return mask;
}

/** Each 2 x 2 pixels of x [N, H, W, C] as one of 4 C channels, column by column, normalised, then 2 C of them (Liu et al. 2021, section 3.1). */
function mergePatches(net: Scope, x: Value): Value {
  const [count, height, width, channels] = x.shape;
  const [lines, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const padded = height % 2 || width % 2 ? pad({ x }, { before: [0, 0, 0, 0], after: [0, height % 2, width % 2, 0] }) : x;
  const pairs = transpose({ x: reshape({ x: padded }, { shape: [count, lines, 2, columns, 2, channels] }) }, { order: [0, 1, 3, 4, 2, 5] });
  const y = layerNorm(net.at("norm"), reshape({ x: pairs }, { shape: [count, lines, columns, 4 * channels] }));
  return linear(net.at("reduction"), y, { features: 2 * channels, bias: false });
}
