import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { convNorm, convNormAct, dropout, squeezeExcite } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { concat } from "../ops/concat.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import type { Family } from "./family.js";
import { roundChannels } from "./names.js";

export interface GhostNetOptions {
  /** Multiplies all channel counts but the embedding's; default 1. */
  readonly width: number;
  readonly dropout: number;
  readonly [option: string]: number | string;
}

interface Bottleneck {
  readonly kernel: number;
  /** Channels between the two ghost modules. */
  readonly wide: number;
  readonly channels: number;
  readonly excite: boolean;
  readonly stride: number;
}

const row = (kernel: number, wide: number, channels: number, excite: boolean, stride = 1): Bottleneck => ({ kernel, wide, channels, excite, stride });

/** Han et al. 2020, table 1; grouped as timm names the blocks. */
const stages: readonly (readonly Bottleneck[])[] = [
  [row(3, 16, 16, false)],
  [row(3, 48, 24, false, 2)],
  [row(3, 72, 24, false)],
  [row(5, 72, 40, true, 2)],
  [row(5, 120, 40, true)],
  [row(3, 240, 80, false, 2)],
  [row(3, 200, 80, false), row(3, 184, 80, false), row(3, 184, 80, false), row(3, 480, 112, true), row(3, 672, 112, true)],
  [row(5, 672, 160, true, 2)],
  [row(5, 960, 160, false), row(5, 960, 160, true), row(5, 960, 160, false), row(5, 960, 160, true)],
];

/** Half of the channels by a 1x1 convolution, the other half by a depthwise 3x3 of those (Han et al. 2020, figure 1b). */
function ghost(net: Scope, x: Value, channels: number, isActive: boolean): Value {
  const half = Math.ceil(channels / 2);
  const clamp = isActive ? { low: 0 } : {};
  const primary = convNorm(net.at("primary_conv"), x, { channels: half, kernel: 1 }, ["0", "1"], clamp);
  const cheap = convNorm(net.at("cheap_operation"), primary, { channels: half, kernel: 3, groups: half }, ["0", "1"], clamp);
  return concat([primary, cheap], { axis: 3 });
}

/** Two ghost modules, a depthwise convolution between them where the stride is 2, and a shortcut (figure 3). */
function bottleneck(net: Scope, x: Value, { kernel, wide, channels, excite, stride }: Bottleneck): Value {
  let y = ghost(net.at("ghost1"), x, wide, true);
  if (stride > 1) y = convNorm(net, y, { channels: wide, kernel, stride, groups: wide }, ["conv_dw", "bn_dw"]);
  if (excite) y = squeezeExcite(net.at("se"), y, { channels: round(wide / 4), names: ["conv_reduce", "conv_expand"], gate: "hardSigmoid" });
  return add({ a: ghost(net.at("ghost2"), y, channels, false), b: shortcut(net.at("shortcut"), x, { kernel, channels, stride }) });
}

function shortcut(net: Scope, x: Value, { kernel, channels, stride }: Pick<Bottleneck, "kernel" | "channels" | "stride">): Value {
  const depth = channelsOf(x);
  if (stride === 1 && depth === channels) return x;
  return convNorm(net, convNorm(net, x, { channels: depth, kernel, stride, groups: depth }), { channels, kernel: 1 }, ["2", "3"]);
}

const round = (channels: number) => roundChannels(channels, { divisor: 4 });

/** GhostNet (Han et al. 2020), named as in timm. */
export const ghostnet: Family<GhostNetOptions> = {
  defaults: () => ({ width: 1, dropout: 0.2 }),
  build: ({ width, dropout: probability }) => ({
    backbone(net, x) {
      let y = convNormAct(net, x, { channels: round(16 * width), kernel: 3, stride: 2, activation: "relu" }, ["conv_stem", "bn1"]);
      stages.forEach((blocks, stage) => {
        blocks.forEach((block, i) => {
          y = bottleneck(net.at(`blocks.${stage}.${i}`), y, { ...block, wide: round(block.wide * width), channels: round(block.channels * width) });
        });
      });
      y = convNormAct(net.at(`blocks.${stages.length}.0`), y, { channels: round(960 * width), kernel: 1, activation: "relu" }, ["conv", "bn1"]);
      return activate(linear(net.at("conv_head"), globalAveragePool({ x: y }), { features: 1280, convolution: true }), "relu");
    },
    head: (net, features, numClasses) => linear(net.at("classifier"), dropout(net, features, probability), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["classifier.weight", "classifier.bias"],
  }),
};
