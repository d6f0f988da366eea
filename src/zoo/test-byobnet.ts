import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { convNorm, convNormAct, dropout, squeezeExcite } from "../nn/blocks.js";
import { type Conv, channelsOf } from "../nn/convolution.js";
import { constant, kaimingNormalGroupOut, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { averagePool } from "../ops/average-pool.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import type { Family } from "./family.js";
import { roundChannels } from "./names.js";

/** What a block puts in the place of a convolution: its name and shape, and whether squeeze-and-excitation follows. */
type Layer = readonly [name: string, options: Omit<Conv, "bias">, excite?: "attn" | "attn_last"];

/** Blocks of two or three convolutions beside a shortcut, one of each kind that timm's ByobNet has. */
const blocks: readonly (readonly Layer[])[] = [
  [
    ["conv1_kxk", { channels: 16, kernel: 3, stride: 2 }, "attn"],
    ["conv2_1x1", { channels: 32, kernel: 1 }],
  ],
  [
    ["conv1_1x1", { channels: 32, kernel: 1 }],
    ["conv2_kxk", { channels: 64, kernel: 3, stride: 2 }, "attn_last"],
  ],
  [
    ["conv1_kxk", { channels: 32, kernel: 3, stride: 2 }],
    ["conv2_kxk", { channels: 128, kernel: 3 }, "attn_last"],
  ],
  [
    ["conv1_1x1", { channels: 64, kernel: 1 }],
    ["conv2_kxk", { channels: 64, kernel: 3, stride: 2 }, "attn"],
    ["conv3_1x1", { channels: 256, kernel: 1 }],
  ],
];

/** The last convolution has no activation before the addition; the shortcut takes means of 2x2 pixels and a 1x1 convolution. */
function block(net: Scope, x: Value, layers: readonly Layer[]): Value {
  const names = (name: string) => [`${name}.conv`, `${name}.bn`] as const;
  let y = x;
  layers.forEach(([name, options, excite], i) => {
    y = i < layers.length - 1 ? convNormAct(net, y, { ...options, activation: "relu" }, names(name)) : convNorm(net, y, options, names(name));
    if (excite) y = squeezeExcite(net.at(excite), y, { channels: roundChannels(channelsOf(y) / 4, { limit: 0 }) });
  });
  const halved = averagePool({ x }, { kernel: [2, 2], ceilMode: true });
  return activate(add({ a: y, b: convNorm(net, halved, { channels: channelsOf(y), kernel: 1 }, names("shortcut.conv")) }), "relu");
}

/** timm's `test_byobnet`: a network of four blocks to test with. */
export const testByobnet: Family<{ dropout: number }> = {
  defaults: () => ({ dropout: 0 }),
  build: ({ dropout: probability }) => ({
    backbone(root, x) {
      const net = root.with({ convWeight: kaimingNormalGroupOut, convBias: constant(0) });
      let y = convNormAct(net, x, { channels: 24, kernel: 3, stride: 2, activation: "relu" }, ["stem.conv", "stem.bn"]);
      blocks.forEach((layers, stage) => {
        y = block(net.at(`stages.${stage}.0`), y, layers);
      });
      return globalAveragePool({ x: y });
    },
    head: (net, features, numClasses) =>
      linear(net.with({ linearWeight: normal(0.01), linearBias: constant(0) }).at("head.fc"), dropout(net, features, probability), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["head.fc.weight", "head.fc.bias"],
  }),
};
