import { kaimingNormalOut, normal } from "../nn/initializers.js";
import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { type Block, inverted, scale, type Stages } from "./mobile/stages.js";
import { renamer, roundChannels } from "./names.js";

export interface MobileNetV2Options {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Multiplies all channel counts but the last, which does not shrink; default 1. */
  readonly width: number;
  /** Multiplies the blocks of all stages but the first and the last; then stem and last convolution keep their width too. Default 1. */
  readonly depth: number;
  readonly epsilon: number;
  readonly dropout: number;
  readonly naming: "torchvision" | "timm";
  readonly [option: string]: number | string;
}

/** Sandler et al. 2018, table 2. */
const table: Stages = [
  [inverted(16)],
  [inverted(24, { expansion: 6, repeats: 2, stride: 2 })],
  [inverted(32, { expansion: 6, repeats: 3, stride: 2 })],
  [inverted(64, { expansion: 6, repeats: 4, stride: 2 })],
  [inverted(96, { expansion: 6, repeats: 3 })],
  [inverted(160, { expansion: 6, repeats: 3, stride: 2 })],
  [inverted(320, { expansion: 6 })],
];

/** MobileNetV2 (Sandler et al. 2018), named as in torchvision or timm. */
export const mobilenetV2: Family<MobileNetV2Options> = {
  defaults: () => ({ padding: "symmetric", width: 1, depth: 1, epsilon: 1e-5, dropout: 0.2, naming: "torchvision" }),
  choices: { padding: ["symmetric", "same"], naming: ["torchvision", "timm"] },
  namings: { torchvision: "features.0.0.weight", timm: "conv_stem.weight" },
  build({ width, depth, naming, ...settings }) {
    const fixedEnds = depth !== 1;
    const stages = scale(table, { width, depth, fixedEnds });
    const [stem, last] = fixedEnds ? [32, 1280] : [roundChannels(32 * width), roundChannels(1280 * Math.max(1, width))];
    const torchvision = { rename: renamer(torchvisionModules(stages)), convWeight: kaimingNormalOut, linearWeight: normal(0.01) };
    return mobileNetwork(
      { stem, stages, head: { channels: last, pooling: "before" }, activation: "relu6" },
      { ...settings, ...(naming === "torchvision" && torchvision) },
    );
  },
};

/** torchvision's names of a block's layers, by timm's. */
export function torchvisionLayers({ expansion }: Block): Record<string, string> {
  return expansion === 1
    ? { conv_dw: "conv.0.0", bn1: "conv.0.1", conv_pw: "conv.1", bn2: "conv.2" }
    : { conv_pw: "conv.0.0", bn1: "conv.0.1", conv_dw: "conv.1.0", bn2: "conv.1.1", conv_pwl: "conv.2", bn3: "conv.3" };
}

/** torchvision's name of each module: blocks count through. */
function torchvisionModules(stages: readonly (readonly Block[])[]): Map<string, string> {
  const modules = new Map([
    ["conv_stem", "features.0.0"],
    ["bn1", "features.0.1"],
    ["classifier", "classifier.1"],
  ]);
  let index = 1;
  stages.forEach((blocks, stage) => {
    blocks.forEach((block, i) => {
      for (const [layer, name] of Object.entries(torchvisionLayers(block))) modules.set(`blocks.${stage}.${i}.${layer}`, `features.${index}.${name}`);
      index++;
    });
  });
  return modules.set("conv_head", `features.${index}.0`).set("bn2", `features.${index}.1`);
}
