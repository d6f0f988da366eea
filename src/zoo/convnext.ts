import type { Value } from "../graph/graph.js";
import { gelu } from "../ops/gelu.js";
import { dropout, stochasticDepth } from "../nn/blocks.js";
import { channelsOf, conv } from "../nn/convolution.js";
import { constant, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import { layerNorm } from "../nn/layer-norm.js";
import type { Scope } from "../nn/scope.js";
import { layerScale } from "../nn/transformer.js";
import { add } from "../ops/add.js";
import { combine } from "../ops/combine.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { map } from "../ops/map.js";
import { mean } from "../ops/mean.js";
import { mul } from "../ops/mul.js";
import { silu } from "../ops/silu.js";
import { sum } from "../ops/sum.js";
import type { Family } from "./family.js";
import { replacer } from "./names.js";

/** GELU is the exact one, or its approximation with tanh. */
const activations = {
  gelu: (x: Value) => gelu({ x }),
  geluTanh: (x: Value) => map({ x }, { fn: "geluTanh" }),
  silu: (x: Value) => silu({ x }),
};

/** What the names of this family differ in. */
export interface ConvNextVariant {
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  /** Channels of each stage. */
  readonly channels: readonly number[];
  /** Checkpoints keep the layers of an MLP as 1x1 convolutions. */
  readonly convolutions?: true;
  /** ConvNeXt V2: global response norm in MLPs, and no LayerScale. */
  readonly responseNorm?: true;
  /** Sides of the depthwise kernels by stage, default 7. */
  readonly kernels?: readonly number[];
  /** Default `gelu`. */
  readonly activation?: keyof typeof activations;
}

export interface ConvNextOptions {
  /** Of layer norms, default 1e-6. */
  readonly epsilon: number;
  readonly naming: "timm" | "torchvision";
  readonly [option: string]: number | string;
}

/** torchvision counts stages and what is between them through. */
const even = (stage: string) => 2 * Number(stage);
const torchvisionNames = replacer([
  [/^stem\.([01])\./, "features.0.$1."],
  [/\.conv_dw\./, ".block.0."],
  [/\.blocks\.(\d+)\.norm\./, ".blocks.$1.block.2."],
  [/\.mlp\.fc1\./, ".block.3."],
  [/\.mlp\.fc2\./, ".block.5."],
  [/\.gamma$/, ".layer_scale"],
  [/^head\.norm\./, "classifier.0."],
  [/^head\.fc\./, "classifier.2."],
]);

function torchvisionName(name: string): string {
  return torchvisionNames(name)
    .replace(/^stages\.(\d)\.downsample\./, (_, stage) => `features.${even(stage)}.`)
    .replace(/^stages\.(\d)\.blocks\./, (_, stage) => `features.${even(stage) + 1}.`);
}

/** ConvNeXt (Liu et al. 2022) and ConvNeXt V2 (Woo et al. 2023), named as in timm or torchvision. */
export function convNext(variant: ConvNextVariant, native: Partial<ConvNextOptions> = {}): Family<ConvNextOptions> {
  const { depths, channels, kernels = [7, 7, 7, 7] } = variant;
  return {
    defaults: ({ naming = native.naming ?? "timm" }) => ({ epsilon: native.epsilon ?? 1e-6, naming }),
    choices: { naming: ["timm", "torchvision"] },
    namings: { timm: "stem.0.weight", torchvision: "features.0.0.weight" },
    build({ epsilon, naming }) {
      const rename = naming === "timm" ? (name: string) => name : torchvisionName;
      const weights = { convWeight: normal(0.02), convBias: constant(0), linearWeight: normal(0.02), linearBias: constant(0) };
      const within = (root: Scope) => root.with({ epsilon, rename, ...weights });
      return {
        backbone(root, x) {
          const net = within(root);
          let y = layerNorm(net.at("stem.1"), conv(net.at("stem.0"), x, { channels: channels[0], kernel: 4, stride: 4 }));
          const last = depths.reduce((sum, depth) => sum + depth) - 1;
          let before = 0;
          depths.forEach((depth, stage) => {
            const at = net.at(`stages.${stage}`);
            if (stage > 0) y = conv(at.at("downsample.1"), layerNorm(at.at("downsample.0"), y), { channels: channels[stage], kernel: 2, stride: 2 });
            const scaleShape = naming === "timm" ? [channels[stage]] : [channels[stage], 1, 1];
            for (let i = 0; i < depth; i++)
              y = block(at.with({ depth: before++ / last }).at(`blocks.${i}`), y, { ...variant, kernel: kernels[stage], scaleShape });
          });
          return layerNorm(net.at("head.norm"), globalAveragePool({ x: y }));
        },
        head: (root, features, numClasses) => linear(within(root).at("head.fc"), dropout(root, features, 0), { features: numClasses }),
        embedding: (features) => features,
        classifier: ["head.fc.weight", "head.fc.bias"].map(rename),
      };
    },
  };
}

interface Block extends Pick<ConvNextVariant, "activation" | "convolutions" | "responseNorm"> {
  readonly kernel: number;
  /** Of LayerScale's parameter in checkpoints. */
  readonly scaleShape: number[];
}

/** A depthwise convolution, then an MLP on each pixel's normalised channels (Liu et al. 2022, figure 4). */
function block(net: Scope, x: Value, { kernel, activation = "gelu", convolutions: convolution, responseNorm, scaleShape }: Block): Value {
  const channels = channelsOf(x);
  let y = conv(net.at("conv_dw"), x, { channels, kernel, padding: "symmetric", groups: channels });
  y = activations[activation](linear(net.at("mlp.fc1"), layerNorm(net.at("norm"), y), { features: 4 * channels, convolution }));
  if (responseNorm) y = globalResponseNorm(net.at("mlp.grn"), y);
  y = linear(net.at("mlp.fc2"), y, { features: channels, convolution });
  return add({ a: x, b: stochasticDepth(net, responseNorm ? y : layerScale(net, y, 1e-6, scaleShape)) });
}

/**
 * x + weight x n + bias, n a channel's norm over the image as a share of the channels' mean (Woo et al. 2023, algorithm 1).
 * Its epsilon is 1e-6 in all networks.
 */
function globalResponseNorm(net: Scope, x: Value): Value {
  const shape = [channelsOf(x)];
  const weight = net.parameter("weight", shape, { initializer: { kind: "constant", value: 0 } });
  const bias = net.parameter("bias", shape, { initializer: { kind: "constant", value: 0 } });
  const norm = map({ x: sum({ x: mul({ a: x, b: x }) }, { axes: [1, 2], keepDims: true }) }, { fn: "sqrt" });
  const shifted = map({ x: mean({ x: norm }, { axes: [3], keepDims: true }) }, { fn: "affine", alpha: 1, beta: 1e-6 });
  const share = combine({ a: norm, b: shifted }, { fn: "div" });
  const factor = map({ x: mul({ a: share, b: weight }) }, { fn: "affine", alpha: 1, beta: 1 });
  return add({ a: mul({ a: x, b: factor }), b: bias });
}
