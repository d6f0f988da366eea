import type { Value } from "../graph/graph.js";
import { activate, type Activation } from "../nn/activation.js";
import { convNorm, convNormAct, dropout, squeezeExcite } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { constant, kaimingNormalGroupOut, kaimingNormalOut, normal, uniformOut } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import type { Family } from "./family.js";
import { renamer, roundChannels } from "./names.js";

export interface MobileNetV3Options {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Default 1e-5 with timm's names and 1e-3 with torchvision's: what the weights under those names were trained with. */
  readonly epsilon: number;
  /** Default 0.1 and 0.01, as above. */
  readonly momentum: number;
  readonly dropout: number;
  readonly naming: "timm" | "torchvision";
  readonly [option: string]: number | string;
}

interface Bottleneck {
  readonly kernel: number;
  /** Channels of the depthwise convolution. */
  readonly wide: number;
  readonly channels: number;
  readonly excite: boolean;
  readonly activation: Activation;
  readonly stride: number;
}

const row = (kernel: number, wide: number, channels: number, excite: boolean, activation: Activation, stride = 1): Bottleneck => ({
  kernel,
  wide,
  channels,
  excite,
  activation,
  stride,
});

/** Howard et al. 2019, table 2; grouped into stages of one resolution as timm names them. */
const small = {
  stages: [
    [row(3, 16, 16, true, "relu", 2)],
    [row(3, 72, 24, false, "relu", 2), row(3, 88, 24, false, "relu")],
    [row(5, 96, 40, true, "hardSwish", 2), row(5, 240, 40, true, "hardSwish"), row(5, 240, 40, true, "hardSwish")],
    [row(5, 120, 48, true, "hardSwish"), row(5, 144, 48, true, "hardSwish")],
    [row(5, 288, 96, true, "hardSwish", 2), row(5, 576, 96, true, "hardSwish"), row(5, 576, 96, true, "hardSwish")],
  ],
  last: 576,
  embedding: 1024,
};

/** Howard et al. 2019, table 1. */
const large = {
  stages: [
    [row(3, 16, 16, false, "relu")],
    [row(3, 64, 24, false, "relu", 2), row(3, 72, 24, false, "relu")],
    [row(5, 72, 40, true, "relu", 2), row(5, 120, 40, true, "relu"), row(5, 120, 40, true, "relu")],
    [row(3, 240, 80, false, "hardSwish", 2), row(3, 200, 80, false, "hardSwish"), row(3, 184, 80, false, "hardSwish"), row(3, 184, 80, false, "hardSwish")],
    [row(3, 480, 112, true, "hardSwish"), row(3, 672, 112, true, "hardSwish")],
    [row(5, 672, 160, true, "hardSwish", 2), row(5, 960, 160, true, "hardSwish"), row(5, 960, 160, true, "hardSwish")],
  ],
  last: 960,
  embedding: 1280,
};

/** Inverted residual with squeeze-and-excitation between depthwise and projection (Howard et al. 2019, figure 4). */
function bottleneck(net: Scope, x: Value, { kernel, wide, channels, excite, activation, stride }: Bottleneck, isFirst: boolean): Value {
  const names = layerNames(isFirst);
  let y = isFirst ? x : convNormAct(net, x, { channels: wide, kernel: 1, activation }, names.expand);
  y = convNormAct(net, y, { channels: wide, kernel, stride, groups: wide, activation }, names.depthwise);
  if (excite) y = squeezeExcite(net.at("se"), y, { channels: roundChannels(wide / 4), names: ["conv_reduce", "conv_expand"] });
  y = convNorm(net, y, { channels, kernel: 1 }, names.project);
  return stride === 1 && channelsOf(x) === channels ? add({ a: x, b: y }) : y;
}

/** timm's names in a block; the first block of the network expands nothing and has names of its own. */
function layerNames(isFirst: boolean): Record<"expand" | "depthwise" | "project", readonly [string, string]> {
  return isFirst
    ? { expand: ["", ""], depthwise: ["conv_dw", "bn1"], project: ["conv_pw", "bn2"] }
    : { expand: ["conv_pw", "bn1"], depthwise: ["conv_dw", "bn2"], project: ["conv_pwl", "bn3"] };
}

/**
 * MobileNetV3 (Howard et al. 2019), named as in timm or torchvision. The layer after the pooling is a 1x1 convolution
 * in timm's checkpoints and a linear layer in torchvision's; the numbers are the same.
 */
function mobilenetV3({ stages, last, embedding }: typeof small): Family<MobileNetV3Options> {
  return {
    defaults({ naming = "timm" }) {
      const isTimm = naming === "timm";
      return { padding: "symmetric", epsilon: isTimm ? 1e-5 : 1e-3, momentum: isTimm ? 0.1 : 0.01, dropout: 0.2, naming };
    },
    choices: { padding: ["symmetric", "same"], naming: ["timm", "torchvision"] },
    namings: { timm: "conv_stem.weight", torchvision: "features.0.0.weight" },
    build({ padding, epsilon, momentum, dropout: probability, naming }) {
      const isTimm = naming === "timm";
      const rename = isTimm ? (name: string) => name : renamer(torchvisionModules(stages));
      const defaults = isTimm ? { convWeight: kaimingNormalGroupOut, linearWeight: uniformOut } : { convWeight: kaimingNormalOut, linearWeight: normal(0.01) };
      const within = (root: Scope) => root.with({ padding, epsilon, momentum, rename, convBias: constant(0), linearBias: constant(0), ...defaults });
      return {
        backbone(root, x) {
          const net = within(root);
          let y = convNormAct(net, x, { channels: 16, kernel: 3, stride: 2, activation: "hardSwish" }, ["conv_stem", "bn1"]);
          stages.forEach((blocks, stage) => {
            blocks.forEach((block, i) => {
              y = bottleneck(net.at(`blocks.${stage}.${i}`), y, block, stage === 0);
            });
          });
          y = convNormAct(net.at(`blocks.${stages.length}.0`), y, { channels: last, kernel: 1, activation: "hardSwish" }, ["conv", "bn1"]);
          y = linear(net.at("conv_head"), globalAveragePool({ x: y }), { features: embedding, convolution: isTimm });
          return activate(y, "hardSwish");
        },
        head: (root, features, numClasses) => linear(within(root).at("classifier"), dropout(root, features, probability), { features: numClasses }),
        embedding: (features) => features,
        classifier: ["classifier.weight", "classifier.bias"].map(rename),
      };
    },
  };
}

/** torchvision's name of each module: blocks count through, layers within a block by what is there. */
function torchvisionModules(stages: readonly (readonly Bottleneck[])[]): Map<string, string> {
  const modules = new Map([
    ["conv_stem", "features.0.0"],
    ["bn1", "features.0.1"],
    ["conv_head", "classifier.0"],
    ["classifier", "classifier.3"],
  ]);
  let index = 1;
  stages.forEach((blocks, stage) => {
    blocks.forEach(({ excite }, i) => {
      const { expand, depthwise, project } = layerNames(stage === 0);
      const from = `blocks.${stage}.${i}`;
      const to = `features.${index++}.block`;
      let layer = 0;
      const convAndNorm = (names: readonly string[]) => {
        names.forEach((name, k) => modules.set(`${from}.${name}`, `${to}.${layer}.${k}`));
        layer++;
      };
      if (stage > 0) convAndNorm(expand);
      convAndNorm(depthwise);
      if (excite) modules.set(`${from}.se.conv_reduce`, `${to}.${layer}.fc1`).set(`${from}.se.conv_expand`, `${to}.${layer++}.fc2`);
      convAndNorm(project);
    });
  });
  return modules.set(`blocks.${stages.length}.0.conv`, `features.${index}.0`).set(`blocks.${stages.length}.0.bn1`, `features.${index}.1`);
}

export const mobilenetV3Small = mobilenetV3(small);
export const mobilenetV3Large = mobilenetV3(large);
