import type { Value } from "../graph/graph.js";
import { constant, kaimingNormalGroupOut, normal } from "../nn/initializers.js";
import { dropout } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { branchedConv, branchesFamily, type BranchesOptions } from "./branches.js";
import { roundChannels } from "./names.js";

interface MobileOne {
  /** Of each stage; the stem has as many as the first, at most 64. */
  readonly channels: readonly number[];
  /** Convolutions side by side in every block but the stem. Default 1. */
  readonly branches?: number;
  /** Blocks at the end of each stage that have squeeze-and-excitation. Default none. */
  readonly excited?: readonly number[];
}

/** A depthwise and a 1x1 convolution (Vasu et al. 2023, table 2). */
const depths = [2, 8, 10, 1];

/** MobileOne (Vasu et al. 2023), named as in timm: the two convolutions of a block are blocks of their own there. */
function mobileone({ channels, branches = 1, excited = [0, 0, 0, 0] }: MobileOne) {
  return branchesFamily("stem", "conv_kxk.0", ({ form, dropout: probability }) => ({
    backbone(root, x) {
      const net = root.with({ convWeight: kaimingNormalGroupOut, convBias: constant(0) });
      let y = block(net.at("stem"), x, { channels: Math.min(64, channels[0]), kernel: 3, stride: 2, branches: 1 }, form);
      depths.forEach((depth, stage) => {
        for (let i = 0; i < depth; i++) {
          const isExcited = i >= depth - excited[stage];
          const groups = channelsOf(y);
          y = block(net.at(`stages.${stage}.${2 * i}`), y, { channels: groups, kernel: 3, stride: i === 0 ? 2 : 1, groups, branches, isExcited }, form);
          y = block(net.at(`stages.${stage}.${2 * i + 1}`), y, { channels: channels[stage], kernel: 1, branches, isExcited }, form);
        }
      });
      return globalAveragePool({ x: y });
    },
    head: (net, features, numClasses) =>
      linear(net.with({ linearWeight: normal(0.01), linearBias: constant(0) }).at("head.fc"), dropout(net, features, probability), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["head.fc.weight", "head.fc.bias"],
  }));
}

interface Block {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly branches: number;
  readonly isExcited?: boolean;
}

function block(net: Scope, x: Value, { channels, kernel, stride = 1, groups = 1, branches, isExcited }: Block, form: BranchesOptions["form"]): Value {
  return branchedConv(net, x, {
    channels,
    kernel,
    stride,
    groups,
    branches: Array.from({ length: branches }, (_, i) => `conv_kxk.${i}`),
    pointwise: "conv_scale",
    excite: isExcited ? roundChannels(channels / 16, { limit: 0 }) : 0,
    form,
  });
}

export const mobileoneS0 = mobileone({ channels: [48, 128, 256, 1024], branches: 4 });
export const mobileoneS1 = mobileone({ channels: [96, 192, 512, 1280] });
export const mobileoneS2 = mobileone({ channels: [96, 256, 640, 2048] });
export const mobileoneS3 = mobileone({ channels: [128, 320, 768, 2048] });
export const mobileoneS4 = mobileone({ channels: [192, 448, 896, 2048], excited: [0, 0, 5, 1] });
