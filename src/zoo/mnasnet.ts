import { kaimingNormalOut, kaimingUniformOut } from "../nn/initializers.js";
import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { type Block, inverted, scale, type Stages } from "./mobile/stages.js";
import { type Place, torchvisionModules } from "./mobile/torchvision.js";
import { renamer, roundChannels } from "./names.js";

export interface MnasNetOptions {
  /** Multiplies all channel counts but the last; default 1. */
  readonly width: number;
  /** Of batch norm; default 0.1, with torchvision's names 0.0003. */
  readonly momentum: number;
  readonly dropout: number;
  readonly naming: "timm" | "torchvision";
  readonly [option: string]: number | string;
}

const excite = 1 / 4;

/** MNASNet-A1 (Tan et al. 2019, figure 7): with squeeze-and-excitation. */
const a1: Stages = [
  [inverted(16)],
  [inverted(24, { expansion: 6, stride: 2, repeats: 2 })],
  [inverted(40, { expansion: 3, kernel: 5, stride: 2, repeats: 3, excite })],
  [inverted(80, { expansion: 6, stride: 2, repeats: 4 })],
  [inverted(112, { expansion: 6, repeats: 2, excite })],
  [inverted(160, { expansion: 6, kernel: 5, stride: 2, repeats: 3, excite })],
  [inverted(320, { expansion: 6 })],
];

/** MNASNet-B1, without. */
const b1: Stages = [
  [inverted(16)],
  [inverted(24, { expansion: 3, stride: 2, repeats: 3 })],
  [inverted(40, { expansion: 3, kernel: 5, stride: 2, repeats: 3 })],
  [inverted(80, { expansion: 6, kernel: 5, stride: 2, repeats: 3 })],
  [inverted(96, { expansion: 6, repeats: 2 })],
  [inverted(192, { expansion: 6, kernel: 5, stride: 2, repeats: 4 })],
  [inverted(320, { expansion: 6 })],
];

const small: Stages = [
  [inverted(8)],
  [inverted(16, { expansion: 3, stride: 2 })],
  [inverted(16, { expansion: 6, stride: 2, repeats: 2 })],
  [inverted(32, { expansion: 6, kernel: 5, stride: 2, repeats: 4, excite })],
  [inverted(32, { expansion: 6, repeats: 3, excite })],
  [inverted(88, { expansion: 6, kernel: 5, stride: 2, repeats: 3, excite })],
  [inverted(144, { expansion: 6 })],
];

/** MNASNet (Tan et al. 2019), named as in timm or torchvision. */
function family(stem: number, table: Stages): Family<MnasNetOptions> {
  return {
    defaults: ({ naming = "timm" }) => ({ width: 1, momentum: naming === "timm" ? 0.1 : 0.0003, dropout: 0.2, naming }),
    choices: { naming: ["timm", "torchvision"] },
    namings: { timm: "conv_stem.weight", torchvision: "layers.0.weight" },
    build({ width, naming, ...settings }) {
      const stages = scale(table, { width });
      const torchvision = { rename: renamer(modulesOf(stages)), convWeight: kaimingNormalOut, linearWeight: kaimingUniformOut };
      return mobileNetwork(
        {
          stem: roundChannels(stem * width),
          stages,
          head: { channels: 1280, pooling: "before" },
          activation: "relu",
          excitation: { of: "input", round: Math.round, gate: "sigmoid" },
        },
        { ...settings, ...(naming === "torchvision" && torchvision) },
      );
    },
  };
}

/** torchvision's name of each module: a list, activations included, in which the first stage lies open and each other one is a module. */
function modulesOf(stages: readonly (readonly Block[])[]): Map<string, string> {
  const place = ({ stage, inStage, layer, module }: Place) =>
    stage === 0 ? `layers.${3 * layer + 3 + Number(module)}` : `layers.${stage + 7}.${inStage}.layers.${3 * layer + Number(module)}`;
  const last = stages.length + 7;
  return new Map([
    ["conv_stem", "layers.0"],
    ["bn1", "layers.1"],
    ...torchvisionModules(stages, place),
    ["conv_head", `layers.${last}`],
    ["bn2", `layers.${last + 1}`],
    ["classifier", "classifier.1"],
  ]);
}

export const mnasnetA1 = family(32, a1);
export const mnasnetB1 = family(32, b1);
export const mnasnetSmall = family(8, small);
