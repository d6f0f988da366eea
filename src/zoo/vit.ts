import type { Value } from "../graph/graph.js";
import { dropout, stochasticDepth } from "../nn/blocks.js";
import { constant, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import { layerNorm, rmsNorm } from "../nn/layer-norm.js";
import { positionEmbedding } from "../nn/position-embedding.js";
import type { Scope } from "../nn/scope.js";
import { attentionPool, layerScale, mlp, patchEmbedding, selfAttention, learnedTokens } from "../nn/transformer.js";
import { add } from "../ops/add.js";
import { concat } from "../ops/concat.js";
import { mean } from "../ops/mean.js";
import { reshape } from "../ops/reshape.js";
import { slice } from "../ops/slice.js";
import type { Family } from "./family.js";
import { replacer } from "./names.js";

/** What the names of this family differ in. */
export interface VitVariant {
  readonly channels: number;
  readonly depth: number;
  readonly heads: number;
  /** Side of a patch in pixels, default 16. */
  readonly patch?: number;
  /** Features inside a block's MLP as a multiple of `channels`, default 4. */
  readonly mlpRatio?: number;
  /** Tokens beside the patches, in order; default the class token alone. */
  readonly tokens?: readonly ("cls_token" | "dist_token" | "reg_token")[];
  /** How many `reg_token` is, default 1. */
  readonly registers?: number;
  /** Only patches have positions, as in networks with registers. */
  readonly patchPositions?: true;
  /** Where LayerScale starts; without it there is none. */
  readonly layerScale?: number;
  /** What goes to the head: the class token (default; with `dist_token`, both), the mean over all patches, or what a learned query finds in all tokens. */
  readonly pool?: "token" | "mean" | "attention";
  /** Norms do not subtract the mean, and have no bias. */
  readonly rmsNorm?: true;
}

export interface VitOptions {
  /** Side in pixels of the images that the checkpoint's position embedding was made for; images of other sizes get it interpolated. */
  readonly imageSize: number;
  /** Of layer norms, default 1e-6. */
  readonly epsilon: number;
  readonly naming: "timm" | "torchvision";
  readonly [option: string]: number | string;
}

/** timm's names -> torchvision's. */
const torchvisionNames: readonly (readonly [RegExp, string])[] = [
  [/^cls_token$/, "class_token"],
  [/^pos_embed$/, "encoder.pos_embedding"],
  [/^patch_embed\.proj\./, "conv_proj."],
  [/^norm\./, "encoder.ln."],
  [/^head\./, "heads.head."],
  [/^blocks\./, "encoder.layers.encoder_layer_"],
  [/\.norm([12])\./, ".ln_$1."],
  [/\.attn\.qkv\./, ".self_attention.in_proj_"],
  [/\.attn\.proj\./, ".self_attention.out_proj."],
  [/\.mlp\.fc1\./, ".mlp.0."],
  [/\.mlp\.fc2\./, ".mlp.3."],
];

/** Vision transformer (Dosovitskiy et al. 2020; DeiT: Touvron et al. 2021; DINOv2: Oquab et al. 2023), named as in timm or torchvision. */
export function vit(variant: VitVariant, native: { naming: VitOptions["naming"]; imageSize?: number } = { naming: "timm" }): Family<VitOptions> {
  const { channels, depth, patch = 16, tokens = ["cls_token"], registers = 1, pool = "token" } = variant;
  const lengthOf = (name: string) => (name === "reg_token" ? registers : 1);
  const prefix = tokens.reduce((length, name) => length + lengthOf(name), 0);
  const isDistilled = tokens.includes("dist_token");
  const heads = isDistilled ? ["head", "head_dist"] : ["head"];
  const norm = variant.rmsNorm ? rmsNorm : layerNorm;
  return {
    defaults: ({ naming = native.naming }) => ({ imageSize: native.imageSize ?? 224, epsilon: 1e-6, naming }),
    choices: { naming: ["timm", "torchvision"] },
    namings: { timm: "patch_embed.proj.weight", torchvision: "conv_proj.weight" },
    build({ imageSize, epsilon, naming }) {
      const rename = naming === "timm" ? (name: string) => name : replacer(torchvisionNames);
      const within = (root: Scope) => root.with({ epsilon, rename, linearWeight: normal(0.02), linearBias: constant(0) });
      const side = Math.floor(imageSize / patch);
      return {
        backbone(root, x) {
          const net = within(root);
          const [count] = x.shape;
          const patches = patchEmbedding(net.at("patch_embed"), x, { channels, patch });
          const [, height, width] = patches.shape;
          const position = positionEmbedding(net, "pos_embed", {
            channels,
            prefix: variant.patchPositions ? 0 : prefix,
            native: [side, side],
            grid: [height, width],
            resize: naming === "timm" ? "antialias" : "corners",
          });
          let y = reshape({ x: patches }, { shape: [count, height * width, channels] });
          if (variant.patchPositions) y = add({ a: y, b: position });
          y = concat([...tokens.map((name) => learnedTokens(net, name, { count, length: lengthOf(name), channels })), y], { axis: 1 });
          if (!variant.patchPositions) y = add({ a: y, b: position });
          for (let i = 0; i < depth; i++) y = block(net.with({ depth: i / Math.max(1, depth - 1) }).at(`blocks.${i}`), y, variant, norm);
          if (pool === "token") return norm(net.at("norm"), firstTokens(y, heads.length));
          if (pool === "mean") return norm(net.at("fc_norm"), meanOfPatches(y, prefix));
          return attentionPool(net.at("attn_pool"), norm(net.at("norm"), y), { heads: variant.heads, hidden: channels * (variant.mlpRatio ?? 4) });
        },
        head(root, features, numClasses) {
          const net = within(root);
          const x = dropout(net, features, 0);
          const logits = heads.map((name, i) => linear(net.at(name), isDistilled ? tokenAt(x, i) : x, { features: numClasses }));
          return isDistilled ? average(logits) : logits[0];
        },
        embedding: (features) => (isDistilled ? average([tokenAt(features, 0), tokenAt(features, 1)]) : features),
        classifier: heads.flatMap((name) => [`${name}.weight`, `${name}.bias`]).map(rename),
      };
    },
  };
}

/** Attention, then an MLP, each on normalised tokens and added to what came in (Dosovitskiy et al. 2020, equations 2 and 3). */
function block(net: Scope, x: Value, { channels, heads, mlpRatio = 4, layerScale: initial }: VitVariant, norm: typeof layerNorm): Value {
  const scaled = (name: string, y: Value) => stochasticDepth(net, initial === undefined ? y : layerScale(net.at(name), y, initial));
  const mixed = add({ a: x, b: scaled("ls1", selfAttention(net.at("attn"), norm(net.at("norm1"), x), { heads })) });
  return add({ a: mixed, b: scaled("ls2", mlp(net.at("mlp"), norm(net.at("norm2"), mixed), { hidden: channels * mlpRatio })) });
}

/** The first `count` tokens of x [N, tokens, C]; one of them as [N, C]. */
function firstTokens(x: Value, count: number): Value {
  const [images, , channels] = x.shape;
  return count === 1 ? tokenAt(x, 0) : slice({ x }, { starts: [0, 0, 0], sizes: [images, count, channels] });
}

function meanOfPatches(x: Value, prefix: number): Value {
  const [images, all, channels] = x.shape;
  return mean({ x: slice({ x }, { starts: [0, prefix, 0], sizes: [images, all - prefix, channels] }) }, { axes: [1] });
}

/** Token `i` of x [N, tokens, C] as [N, C]. */
function tokenAt(x: Value, i: number): Value {
  const [images, , channels] = x.shape;
  return reshape({ x: slice({ x }, { starts: [0, i, 0], sizes: [images, 1, channels] }) }, { shape: [images, channels] });
}

/** The mean of several values of one shape. */
function average(values: readonly Value[]): Value {
  const parts = values.map((value) => reshape({ x: value }, { shape: [1, ...value.shape] }));
  return mean({ x: concat(parts, { axis: 0 }) }, { axes: [0] });
}
