import type { Value } from "../graph/graph.js";
import { convNormAct, dropout } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { constant, kaimingNormalGroupOut, uniformOut } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import type { Family } from "./family.js";
import { roundChannels } from "./names.js";

export interface MobileNetV1Options {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Multiplies all channel counts; default 1. */
  readonly width: number;
  readonly epsilon: number;
  readonly dropout: number;
  readonly [option: string]: number | string;
}

/** Channels, number of blocks and stride of the first (Howard et al. 2017, table 1). */
const stages = [
  { channels: 64, blocks: 1, stride: 1 },
  { channels: 128, blocks: 2, stride: 2 },
  { channels: 256, blocks: 2, stride: 2 },
  { channels: 512, blocks: 6, stride: 2 },
  { channels: 1024, blocks: 2, stride: 2 },
];

/** Depthwise 3x3, then 1x1 (Howard et al. 2017, figure 3). */
function separable(net: Scope, x: Value, { channels, stride }: { channels: number; stride: number }): Value {
  const depth = channelsOf(x);
  const y = convNormAct(net, x, { channels: depth, kernel: 3, stride, groups: depth, activation: "relu6" }, ["conv_dw", "bn1"]);
  return convNormAct(net, y, { channels, kernel: 1, activation: "relu6" }, ["conv_pw", "bn2"]);
}

/** MobileNet (Howard et al. 2017), named as timm's `mobilenetv1_100`. */
export const mobilenetV1: Family<MobileNetV1Options> = {
  defaults: () => ({ padding: "symmetric", width: 1, epsilon: 1e-5, dropout: 0 }),
  choices: { padding: ["symmetric", "same"] },
  build: ({ padding, width, epsilon, dropout: probability }) => ({
    backbone(root, x) {
      const net = root.with({ padding, epsilon, convWeight: kaimingNormalGroupOut });
      let y = convNormAct(net, x, { channels: roundChannels(32 * width), kernel: 3, stride: 2, activation: "relu6" }, ["conv_stem", "bn1"]);
      stages.forEach(({ channels, blocks, stride }, stage) => {
        for (let i = 0; i < blocks; i++)
          y = separable(net.at(`blocks.${stage}.${i}`), y, { channels: roundChannels(channels * width), stride: i === 0 ? stride : 1 });
      });
      return globalAveragePool({ x: y });
    },
    head(root, features, numClasses) {
      const net = root.with({ linearWeight: uniformOut, linearBias: constant(0) });
      return linear(net.at("classifier"), dropout(net, features, probability), { features: numClasses });
    },
    embedding: (features) => features,
    classifier: ["classifier.weight", "classifier.bias"],
  }),
};
