import { constant, kaimingNormalGroupOut, normal } from "../nn/initializers.js";
import { dropout } from "../nn/blocks.js";
import { linear } from "../nn/linear.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { branchedConv, branchesFamily } from "./branches.js";

interface RepVgg {
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  /** Channels of each stage; the stem has as many as the first, at most 64. */
  readonly channels: readonly number[];
  /** Of every second block of a stage. Default 1. */
  readonly groups?: number;
  /** Squeeze-and-excitation with a sixteenth of the channels in every block. Default false. */
  readonly excite?: boolean;
}

/** RepVGG (Ding et al. 2021, tables 2 and 3), named as in timm. */
function repvgg({ depths, channels, groups = 1, excite = false }: RepVgg) {
  return branchesFamily("stem", "conv_kxk", ({ form, dropout: probability }) => ({
    backbone(root, x) {
      const net = root.with({ convWeight: kaimingNormalGroupOut, convBias: constant(0) });
      const block = (at: string, input: typeof x, width: number, stride: number, inGroups: number) =>
        branchedConv(net.at(at), input, {
          channels: width,
          kernel: 3,
          stride,
          groups: inGroups,
          branches: ["conv_kxk"],
          pointwise: "conv_1x1",
          excite: excite ? width / 16 : 0,
          form,
        });
      let y = block("stem", x, Math.min(64, channels[0]), 2, 1);
      depths.forEach((depth, stage) => {
        for (let i = 0; i < depth; i++) y = block(`stages.${stage}.${i}`, y, channels[stage], i === 0 ? 2 : 1, i % 2 === 1 ? groups : 1);
      });
      return globalAveragePool({ x: y });
    },
    head: (net, features, numClasses) =>
      linear(net.with({ linearWeight: normal(0.01), linearBias: constant(0) }).at("head.fc"), dropout(net, features, probability), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["head.fc.weight", "head.fc.bias"],
  }));
}

const a = [2, 4, 14, 1];
const b = [4, 6, 16, 1];

export const repvggA0 = repvgg({ depths: a, channels: [48, 96, 192, 1280] });
export const repvggA1 = repvgg({ depths: a, channels: [64, 128, 256, 1280] });
export const repvggA2 = repvgg({ depths: a, channels: [96, 192, 384, 1408] });
export const repvggB0 = repvgg({ depths: b, channels: [64, 128, 256, 1280] });
export const repvggB1 = repvgg({ depths: b, channels: [128, 256, 512, 2048] });
export const repvggB1g4 = repvgg({ depths: b, channels: [128, 256, 512, 2048], groups: 4 });
export const repvggB2 = repvgg({ depths: b, channels: [160, 320, 640, 2560] });
export const repvggB2g4 = repvgg({ depths: b, channels: [160, 320, 640, 2560], groups: 4 });
export const repvggB3 = repvgg({ depths: b, channels: [192, 384, 768, 2560] });
export const repvggB3g4 = repvgg({ depths: b, channels: [192, 384, 768, 2560], groups: 4 });
export const repvggD2se = repvgg({ depths: [8, 14, 24, 1], channels: [160, 320, 640, 2560], excite: true });
