import { kaimingNormalOut } from "../nn/initializers.js";
import type { Family } from "./family.js";
import type { Excitation } from "./mobile/blocks.js";
import { mobileNetwork } from "./mobile/network.js";
import { type Block, conv, fused, inverted, type Row, scale, type Stages } from "./mobile/stages.js";
import { torchvisionModules } from "./mobile/torchvision.js";
import { renamer, roundChannels } from "./names.js";

export interface EfficientNetOptions {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Multiplies channel counts; default 1. */
  readonly width: number;
  /** Multiplies the blocks of each stage; default 1. */
  readonly depth: number;
  /** Default 1e-5; with torchvision's names 1e-3 for B5 to B7 and V2. */
  readonly epsilon: number;
  /** Default 0.1; with torchvision's names 0.01 for B5 to B7. */
  readonly momentum: number;
  readonly dropout: number;
  readonly naming: "torchvision" | "timm";
  readonly [option: string]: number | string;
}

/** What differs between the networks of this file. */
interface Variant {
  readonly stages: Stages;
  /** Channels of the first and the last convolution. */
  readonly stem: number;
  readonly last: number;
  readonly activation: "silu" | "relu6";
  /** `lite`: these two, the first stage and the last keep their size when the others are scaled. */
  readonly scaling: "all" | "lite";
  readonly round?: (channels: number) => number;
  /** Epsilon and momentum of torchvision's weights at a width. */
  readonly torchvision: (width: number) => { readonly epsilon: number; readonly momentum: number };
}

const excitation: Excitation = { of: "input", round: Math.round, gate: "sigmoid" };
const excite = 1 / 4;

/** Tan & Le 2019, table 1. */
const b0: Stages = [
  [inverted(16, { excite })],
  [inverted(24, { expansion: 6, repeats: 2, stride: 2, excite })],
  [inverted(40, { expansion: 6, kernel: 5, repeats: 2, stride: 2, excite })],
  [inverted(80, { expansion: 6, repeats: 3, stride: 2, excite })],
  [inverted(112, { expansion: 6, kernel: 5, repeats: 3, excite })],
  [inverted(192, { expansion: 6, kernel: 5, repeats: 4, stride: 2, excite })],
  [inverted(320, { expansion: 6, excite })],
];

const v1: Variant = {
  stages: b0,
  stem: 32,
  last: 1280,
  activation: "silu",
  scaling: "all",
  torchvision: (width) => (width >= 1.6 ? { epsilon: 1e-3, momentum: 0.01 } : { epsilon: 1e-5, momentum: 0.1 }),
};

/** Without squeeze-and-excitation, which integer arithmetic likes less (TensorFlow's "EfficientNet-Lite", 2020). */
const lite: Variant = {
  ...v1,
  stages: b0.map((rows) => rows.map(({ excite: _, ...row }): Row => row)),
  activation: "relu6",
  scaling: "lite",
};

/** Rows of EfficientNetV2's tables: expansion, channels, blocks, stride; the first three stages without squeeze-and-excitation. */
function v2(stem: number, table: readonly (readonly [expansion: number, channels: number, repeats: number, stride: number])[], last = 1280): Variant {
  const stages = table.map(([expansion, channels, repeats, stride], stage) => {
    if (stage === 0) return [conv(channels, { repeats, stride, skip: true })];
    return [(stage < 3 ? fused : inverted)(channels, { expansion, repeats, stride, ...(stage >= 3 && { excite }) })];
  });
  return { ...v1, stem, stages, last, torchvision: () => ({ epsilon: 1e-3, momentum: 0.1 }) };
}

/** Tan & Le 2021, table 4. */
const v2Small = v2(24, [
  [1, 24, 2, 1],
  [4, 48, 4, 2],
  [4, 64, 4, 2],
  [4, 128, 6, 2],
  [6, 160, 9, 1],
  [6, 256, 15, 2],
]);
const v2Medium = v2(24, [
  [1, 24, 3, 1],
  [4, 48, 5, 2],
  [4, 80, 5, 2],
  [4, 160, 7, 2],
  [6, 176, 14, 1],
  [6, 304, 18, 2],
  [6, 512, 5, 1],
]);
const v2Large = v2(32, [
  [1, 32, 4, 1],
  [4, 64, 7, 2],
  [4, 96, 7, 2],
  [4, 192, 10, 2],
  [6, 224, 19, 1],
  [6, 384, 25, 2],
  [6, 640, 7, 1],
]);

/** The network that B0 to B3 of the second version scale; they round channels to the nearest multiple of 8. */
const v2Base: Variant = {
  ...v2(32, [
    [1, 16, 1, 1],
    [4, 32, 2, 2],
    [4, 48, 2, 2],
    [4, 96, 3, 2],
    [6, 112, 5, 1],
    [6, 192, 8, 2],
  ]),
  round: (channels) => Math.max(8, Math.floor((channels + 4) / 8) * 8),
};

const v2ExtraLarge = v2(32, [
  [1, 32, 4, 1],
  [4, 64, 8, 2],
  [4, 96, 8, 2],
  [4, 192, 16, 2],
  [6, 256, 24, 1],
  [6, 512, 32, 2],
  [6, 640, 8, 1],
]);

/** timm's V2-S from before its authors published theirs. */
const v2Rw: Variant = {
  ...v2Small,
  stages: [[fused(24, { repeats: 2 })], ...v2Small.stages.slice(1, -1), [inverted(272, { expansion: 6, repeats: 15, stride: 2, excite })]],
  last: 1792,
};

/** EfficientNet (Tan & Le 2019, 2021) and EfficientNet-Lite, named as in torchvision or timm. */
function family({ stages: table, stem, last, activation, scaling, round = roundChannels, torchvision }: Variant): Family<EfficientNetOptions> {
  return {
    defaults({ naming = "torchvision", width = 1 }) {
      const norm = naming === "torchvision" ? torchvision(width) : { epsilon: 1e-5, momentum: 0.1 };
      return { padding: "symmetric", width, depth: 1, ...norm, dropout: 0.2, naming };
    },
    choices: { padding: ["symmetric", "same"], naming: ["torchvision", "timm"] },
    namings: { torchvision: "features.0.0.weight", timm: "conv_stem.weight" },
    build({ width, depth, naming, ...settings }) {
      const stages = scale(table, { width, depth, round, fixedEnds: scaling === "lite" });
      const ends = (channels: number) => (scaling === "lite" ? channels : round(channels * width));
      return mobileNetwork(
        { stem: ends(stem), stages, head: { channels: ends(last), pooling: "before" }, activation, excitation },
        { ...settings, ...(naming === "torchvision" && { rename: renamer(modulesOf(stages)), convWeight: kaimingNormalOut }) },
      );
    },
  };
}

/** torchvision's name of each module. */
function modulesOf(stages: readonly (readonly Block[])[]): Map<string, string> {
  return new Map([
    ["conv_stem", "features.0.0"],
    ["bn1", "features.0.1"],
    ...torchvisionModules(stages, ({ stage, inStage, layer, module }) => `features.${stage + 1}.${inStage}.block.${layer}.${module}`),
    ["conv_head", `features.${stages.length + 1}.0`],
    ["bn2", `features.${stages.length + 1}.1`],
    ["classifier", "classifier.1"],
  ]);
}

export const efficientnet = family(v1);
export const efficientnetLite = family(lite);
export const efficientnetV2Base = family(v2Base);
export const efficientnetV2Small = family(v2Small);
export const efficientnetV2Medium = family(v2Medium);
export const efficientnetV2Large = family(v2Large);
export const efficientnetV2ExtraLarge = family(v2ExtraLarge);
export const efficientnetV2Rw = family(v2Rw);
