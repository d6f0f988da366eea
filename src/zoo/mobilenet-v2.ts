import type { Value } from "../graph/graph.js";
import { convNorm, convNormAct, dropout } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { constant, kaimingNormalOut, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import type { Family } from "./family.js";
import { renamer, roundChannels } from "./names.js";

export interface MobileNetV2Options {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Multiplies all channel counts but the last, which does not shrink; default 1. */
  readonly width: number;
  readonly epsilon: number;
  readonly dropout: number;
  readonly naming: "torchvision" | "timm";
  readonly [option: string]: number | string;
}

/** Expansion, channels, number of blocks and stride of the first (Sandler et al. 2018, table 2). */
const stages = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
];

interface InvertedResidual {
  readonly channels: number;
  readonly stride: number;
  readonly expansion: number;
}

/** Inverted residual (Sandler et al. 2018, figure 4): expand 1x1, depthwise 3x3, project 1x1, skip when shapes allow. */
export function invertedResidual(net: Scope, x: Value, { channels, stride, expansion }: InvertedResidual): Value {
  const inside = net.at("conv");
  const wide = channelsOf(x) * expansion;
  const depthwise = expansion === 1 ? 0 : 1;
  let y = depthwise ? convNormAct(inside.at("0"), x, { channels: wide, kernel: 1, activation: "relu6" }) : x;
  y = convNormAct(inside.at(String(depthwise)), y, { channels: wide, kernel: 3, stride, groups: wide, activation: "relu6" });
  y = convNorm(inside, y, { channels, kernel: 1 }, [String(depthwise + 1), String(depthwise + 2)]);
  return stride === 1 && channelsOf(x) === channels ? add({ a: x, b: y }) : y;
}

/** MobileNetV2 (Sandler et al. 2018), named as in torchvision or as timm's `mobilenetv2_100`. */
export const mobilenetV2: Family<MobileNetV2Options> = {
  defaults: () => ({ padding: "symmetric", width: 1, epsilon: 1e-5, dropout: 0.2, naming: "torchvision" }),
  choices: { padding: ["symmetric", "same"], naming: ["torchvision", "timm"] },
  namings: { torchvision: "features.0.0.weight", timm: "conv_stem.weight" },
  build({ padding, width, epsilon, dropout: probability, naming }) {
    const rename = naming === "timm" ? renamer(timmModules()) : (name: string) => name;
    return {
      backbone(root, x) {
        const net = root.with({ padding, epsilon, convWeight: kaimingNormalOut, rename }).at("features");
        let y = convNormAct(net.at("0"), x, { channels: roundChannels(32 * width), kernel: 3, stride: 2, activation: "relu6" });
        let index = 1;
        for (const { expansion, channels, blocks, stride } of stages) {
          for (let i = 0; i < blocks; i++, index++) {
            y = invertedResidual(net.at(String(index)), y, { channels: roundChannels(channels * width), stride: i === 0 ? stride : 1, expansion });
          }
        }
        y = convNormAct(net.at(String(index)), y, { channels: roundChannels(1280 * Math.max(1, width)), kernel: 1, activation: "relu6" });
        return globalAveragePool({ x: y });
      },
      head(root, features, numClasses) {
        const net = root.with({ linearWeight: normal(0.01), linearBias: constant(0), rename });
        return linear(net.at("classifier.1"), dropout(net, features, probability), { features: numClasses });
      },
      embedding: (features) => features,
      classifier: ["classifier.1.weight", "classifier.1.bias"].map(rename),
    };
  },
};

/** timm's name of each module. */
function timmModules(): Map<string, string> {
  const modules = new Map([
    ["features.0.0", "conv_stem"],
    ["features.0.1", "bn1"],
    ["classifier.1", "classifier"],
  ]);
  let index = 1;
  stages.forEach(({ expansion, blocks }, stage) => {
    const layers = expansion === 1 ? ["conv_dw", "bn1", "conv_pw", "bn2"] : ["conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"];
    const places = expansion === 1 ? ["0.0", "0.1", "1", "2"] : ["0.0", "0.1", "1.0", "1.1", "2", "3"];
    for (let i = 0; i < blocks; i++, index++) {
      places.forEach((place, layer) => modules.set(`features.${index}.conv.${place}`, `blocks.${stage}.${i}.${layers[layer]}`));
    }
  });
  return modules.set(`features.${index}.0`, "conv_head").set(`features.${index}.1`, "bn2");
}
