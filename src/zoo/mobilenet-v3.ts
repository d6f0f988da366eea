import { kaimingNormalOut, normal } from "../nn/initializers.js";
import type { Family } from "./family.js";
import type { Excitation } from "./mobile/blocks.js";
import { type MobileNetwork, mobileNetwork } from "./mobile/network.js";
import { type Block, conv, inverted, type Row, scale, type Stages } from "./mobile/stages.js";
import { torchvisionModules } from "./mobile/torchvision.js";
import { renamer, roundChannels } from "./names.js";

export interface MobileNetV3Options {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Multiplies all channel counts but that of the embedding; below 0.75 the stem keeps its own. Default 1. */
  readonly width: number;
  /** Multiplies the blocks of each stage; default 1. */
  readonly depth: number;
  /** Default 1e-5 with timm's names and 1e-3 with torchvision's: what the weights under those names were trained with. */
  readonly epsilon: number;
  /** Default 0.1 and 0.01, as above. */
  readonly momentum: number;
  readonly dropout: number;
  readonly naming: "timm" | "torchvision";
  readonly [option: string]: number | string;
}

/** What differs between the networks of this file. */
interface Variant extends Pick<MobileNetwork, "activation" | "excitation"> {
  readonly stages: Stages;
  /** Channels of the embedding. */
  readonly embedding: number;
  /** Whether the layer that makes the embedding has a bias. Default true. */
  readonly bias?: boolean;
}

const excitation: Excitation = { of: "wide", round: roundChannels, gate: "hardSigmoid", activation: "relu" };
const excite = 1 / 4;

/** Howard et al. 2019, table 2; grouped into stages of one resolution as timm names them. */
const small: Variant = {
  stages: [
    [inverted(16, { stride: 2, excite, activation: "relu" })],
    [inverted(24, { expansion: 72 / 16, stride: 2, activation: "relu" }), inverted(24, { expansion: 88 / 24, activation: "relu" })],
    [inverted(40, { expansion: 4, kernel: 5, stride: 2, excite }), inverted(40, { expansion: 6, kernel: 5, excite, repeats: 2 })],
    [inverted(48, { expansion: 3, kernel: 5, excite, repeats: 2 })],
    [inverted(96, { expansion: 6, kernel: 5, stride: 2, excite, repeats: 3 })],
    [conv(576, { kernel: 1 })],
  ],
  embedding: 1024,
  activation: "hardSwish",
  excitation,
};

/** Howard et al. 2019, table 1. */
const large: Variant = {
  stages: [
    [inverted(16, { activation: "relu" })],
    [inverted(24, { expansion: 4, stride: 2, activation: "relu" }), inverted(24, { expansion: 3, activation: "relu" })],
    [inverted(40, { expansion: 3, kernel: 5, stride: 2, excite, activation: "relu", repeats: 3 })],
    [inverted(80, { expansion: 6, stride: 2 }), inverted(80, { expansion: 200 / 80 }), inverted(80, { expansion: 184 / 80, repeats: 2 })],
    [inverted(112, { expansion: 6, excite, repeats: 2 })],
    [inverted(160, { expansion: 6, kernel: 5, stride: 2, excite, repeats: 3 })],
    [conv(960, { kernel: 1 })],
  ],
  embedding: 1280,
  activation: "hardSwish",
  excitation,
};

/** TensorFlow's `minimalistic` form: ReLU, 3x3 and no squeeze-and-excitation throughout. */
function minimal({ stages, embedding }: Variant): Variant {
  const plain = ({ excite: _, activation: __, ...row }: Row): Row => ({ ...row, kernel: Math.min(row.kernel, 3) });
  return { stages: stages.map((rows) => rows.map(plain)), embedding, activation: "relu" };
}

/** timm's `mobilenetv3_rw`, made before the paper's authors published theirs. */
const rw: Variant = {
  ...large,
  stages: [[inverted(16, { activation: "relu", skip: false })], ...large.stages.slice(1)],
  bias: false,
  excitation: { of: "wide", round: Math.round, gate: "hardSigmoid" },
};

/**
 * MobileNetV3 (Howard et al. 2019), named as in timm or torchvision. The layer after the pooling is a 1x1 convolution
 * in timm's checkpoints and a linear layer in torchvision's; the numbers are the same.
 */
function family({ stages: table, embedding, bias, ...style }: Variant): Family<MobileNetV3Options> {
  return {
    defaults({ naming = "timm" }) {
      const isTimm = naming === "timm";
      return { padding: "symmetric", width: 1, depth: 1, epsilon: isTimm ? 1e-5 : 1e-3, momentum: isTimm ? 0.1 : 0.01, dropout: 0.2, naming };
    },
    choices: { padding: ["symmetric", "same"], naming: ["timm", "torchvision"] },
    namings: { timm: "conv_stem.weight", torchvision: "features.0.0.weight" },
    build({ width, depth, naming, ...settings }) {
      const stages = scale(table, { width, depth });
      const stem = width < 0.75 ? 16 : roundChannels(16 * width);
      const isTimm = naming === "timm";
      const torchvision = { rename: renamer(modulesOf(stages)), convWeight: kaimingNormalOut, linearWeight: normal(0.01) };
      return mobileNetwork(
        { stem, stages, head: { channels: embedding, pooling: "after", bias, convolution: isTimm }, ...style },
        { ...settings, ...(!isTimm && torchvision) },
      );
    },
  };
}

/** torchvision's name of each module: blocks count through. */
function modulesOf(stages: readonly (readonly Block[])[]): Map<string, string> {
  return new Map([
    ["conv_stem", "features.0.0"],
    ["bn1", "features.0.1"],
    ...torchvisionModules(stages, ({ block, inNetwork, layer, module }) =>
      block.block === "conv" ? `features.${inNetwork + 1}.${module}` : `features.${inNetwork + 1}.block.${layer}.${module}`,
    ),
    ["conv_head", "classifier.0"],
    ["classifier", "classifier.3"],
  ]);
}

export const mobilenetV3Small = family(small);
export const mobilenetV3Large = family(large);
export const mobilenetV3SmallMinimal = family(minimal(small));
export const mobilenetV3LargeMinimal = family(minimal(large));
export const mobilenetV3Rw = family(rw);
