import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { convNorm, convNormAct, dropout, squeezeExcite, stochasticDepth } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { kaimingNormalOut } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { averagePool } from "../ops/average-pool.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";
import { roundChannels } from "./names.js";

type BlockKind = "basic" | "bottleneck";

/** What the networks of the family differ in. */
export interface ResNetVariant {
  /** Blocks in each of the four stages. */
  readonly depths: readonly [number, number, number, number];
  /** `basic`: two 3x3 convolutions; `bottleneck`, the default: 1x1, 3x3, 1x1. For all stages or for each. */
  readonly block?: BlockKind | readonly [BlockKind, BlockKind, BlockKind, BlockKind];
  /** Of the 3x3 convolutions of each stage; default 64, 128, 256, 512. */
  readonly channels?: readonly [number, number, number, number];
  /** Of the 3x3 convolution in a bottleneck, and the channels of each at 64 channels: ResNeXt's C and d. Default 1 and 64. */
  readonly groups?: number;
  readonly groupWidth?: number;
  /** Channels of three 3x3 convolutions in place of the 7x7 (He et al. 2019, "Bag of tricks", figure 2b); default none. */
  readonly stem?: readonly [number, number, number];
  /** Shortcuts take the mean of 2x2 pixels before their convolution, which then has no stride (ibid., figure 2c). */
  readonly averageShortcut?: boolean;
  /** Squeeze-and-excitation to 1/16 of the channels before each addition (Hu et al. 2018, figure 3). */
  readonly excite?: boolean;
}

/** One block: channels of its 3x3 convolution before widening by groups, and its stride. */
type Block = Required<Omit<ResNetVariant, "depths" | "stem" | "block" | "channels">> & {
  readonly block: BlockKind;
  readonly channels: number;
  readonly stride: number;
};

/** He et al. 2016, figure 2. */
function basicBlock(net: Scope, x: Value, { channels, stride }: Block): Value {
  const y = convNormAct(net, x, { channels, kernel: 3, stride, activation: "relu" }, ["conv1", "bn1"]);
  return convNorm(net, y, { channels, kernel: 3 }, ["conv2", "bn2"]);
}

/** To four times the channels (He et al. 2016, figure 5), the stride in the 3x3 as in torchvision. */
function bottleneck(net: Scope, x: Value, { channels, stride, groups, groupWidth }: Block): Value {
  const wide = Math.floor((channels * groupWidth) / 64) * groups;
  let y = convNormAct(net, x, { channels: wide, kernel: 1, activation: "relu" }, ["conv1", "bn1"]);
  y = convNormAct(net, y, { channels: wide, kernel: 3, stride, groups, activation: "relu" }, ["conv2", "bn2"]);
  return convNorm(net, y, { channels: channels * 4, kernel: 1 }, ["conv3", "bn3"]);
}

/** x, by a 1x1 convolution where its shape differs from the block's result. */
function shortcut(net: Scope, x: Value, channels: number, { stride, averageShortcut }: Block): Value {
  if (stride === 1 && channelsOf(x) === channels) return x;
  if (!averageShortcut) return convNorm(net, x, { channels, kernel: 1, stride });
  const y = stride === 1 ? x : averagePool({ x }, { kernel: [stride, stride], ceilMode: true });
  return convNorm(net, y, { channels, kernel: 1 }, ["1", "2"]);
}

function residual(net: Scope, x: Value, block: Block): Value {
  let y = (block.block === "basic" ? basicBlock : bottleneck)(net, x, block);
  if (block.excite) y = squeezeExcite(net.at("se"), y, { channels: roundChannels(channelsOf(y) / 16) });
  return activate(add({ a: stochasticDepth(net, y), b: shortcut(net.at("downsample"), x, channelsOf(y), block) }), "relu");
}

function stem(net: Scope, x: Value, channels: ResNetVariant["stem"]): Value {
  if (!channels) return convNormAct(net, x, { channels: 64, kernel: 7, stride: 2, activation: "relu" }, ["conv1", "bn1"]);
  let y = convNormAct(net, x, { channels: channels[0], kernel: 3, stride: 2, activation: "relu" }, ["conv1.0", "conv1.1"]);
  y = convNormAct(net, y, { channels: channels[1], kernel: 3, activation: "relu" }, ["conv1.3", "conv1.4"]);
  return convNormAct(net, y, { channels: channels[2], kernel: 3, activation: "relu" }, ["conv1.6", "bn1"]);
}

/**
 * ResNet for ImageNet (He et al. 2016), ResNeXt (Xie et al. 2017), Wide ResNet (Zagoruyko & Komodakis 2016), ResNet-D and SE-ResNet,
 * named as in torchvision and timm.
 */
export function resnet({ depths, stem: inStem, block = "bottleneck", channels = [64, 128, 256, 512], ...variant }: ResNetVariant): Family {
  const blocks = { groups: 1, groupWidth: 64, averageShortcut: false, excite: false, ...variant };
  return {
    defaults: () => ({}),
    build: () => ({
      backbone(root, x) {
        const net = root.with({ convWeight: kaimingNormalOut });
        let y = maxPool({ x: stem(net, x, inStem) }, { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] });
        const last = depths.reduce((sum, depth) => sum + depth) - 1;
        let before = 0;
        depths.forEach((depth, stage) => {
          const kind = typeof block === "string" ? block : block[stage];
          for (let i = 0; i < depth; i++) {
            const at = net.with({ depth: before++ / last }).at(`layer${stage + 1}.${i}`);
            y = residual(at, y, { ...blocks, block: kind, channels: channels[stage], stride: i === 0 && stage > 0 ? 2 : 1 });
          }
        });
        return globalAveragePool({ x: y });
      },
      head: (net, features, numClasses) => linear(net.at("fc"), dropout(net, features, 0), { features: numClasses }),
      embedding: (features) => features,
      classifier: ["fc.weight", "fc.bias"],
    }),
  };
}
