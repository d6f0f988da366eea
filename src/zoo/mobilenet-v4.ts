import type { Value } from "../graph/graph.js";
import { blurPool } from "../nn/blur-pool.js";
import { averagePool } from "../ops/average-pool.js";
import type { Family } from "./family.js";
import type { Style } from "./mobile/blocks.js";
import { mobileNetwork } from "./mobile/network.js";
import { conv, fused, type Row, scale, type Stages, universal } from "./mobile/stages.js";
import { roundChannels } from "./names.js";

export interface MobileNetV4Options {
  /** Multiplies all channel counts but the embedding's; below 1 the stem keeps its own. Default 1. */
  readonly width: number;
  readonly dropout: number;
  readonly [option: string]: number | string;
}

type More = Partial<Pick<Row, "stride" | "repeats">>;

// The four forms of the universal inverted bottleneck (Qin et al. 2024, figure 4).
export const extraDepthwise = (channels: number, expansion: number, start: number, kernel: number, more?: More) =>
  universal(channels, { expansion, start, kernel, ...more });
const bottleneck = (channels: number, expansion: number, kernel: number, more?: More) => universal(channels, { expansion, kernel, ...more });
export const convNext = (channels: number, expansion: number, start: number, more?: More) => universal(channels, { expansion, start, kernel: 0, ...more });
export const feedForward = (channels: number, expansion: number, more?: More) => universal(channels, { expansion, kernel: 0, ...more });

export const last = [conv(960, { kernel: 1 })];
const stride = 2;

/** MNv4-Conv-S (Qin et al. 2024, table 11). */
const small: Stages = [
  [conv(32, { stride }), conv(32, { kernel: 1 })],
  [conv(96, { stride }), conv(64, { kernel: 1 })],
  [extraDepthwise(96, 3, 5, 5, { stride }), bottleneck(96, 2, 3, { repeats: 4 }), convNext(96, 4, 3)],
  [extraDepthwise(128, 6, 3, 3, { stride }), extraDepthwise(128, 4, 5, 5), bottleneck(128, 4, 5), bottleneck(128, 3, 5), bottleneck(128, 4, 3, { repeats: 2 })],
  last,
];

/** MNv4-Conv-M (table 12). */
const medium: Stages = [
  [fused(48, { expansion: 4, stride })],
  [extraDepthwise(80, 4, 3, 5, { stride }), extraDepthwise(80, 2, 3, 3)],
  [
    extraDepthwise(160, 6, 3, 5, { stride }),
    extraDepthwise(160, 4, 3, 3, { repeats: 2 }),
    extraDepthwise(160, 4, 3, 5),
    extraDepthwise(160, 4, 3, 3),
    convNext(160, 4, 3),
    feedForward(160, 2),
    convNext(160, 4, 3),
  ],
  [
    extraDepthwise(256, 6, 5, 5, { stride }),
    extraDepthwise(256, 4, 5, 5),
    extraDepthwise(256, 4, 3, 5, { repeats: 2 }),
    feedForward(256, 4),
    convNext(256, 4, 3),
    extraDepthwise(256, 2, 3, 5),
    extraDepthwise(256, 4, 5, 5),
    feedForward(256, 4, { repeats: 2 }),
    convNext(256, 2, 5),
  ],
  last,
];

/** MNv4-Conv-L (table 14). */
const large: Stages = [
  [fused(48, { expansion: 4, stride })],
  [extraDepthwise(96, 4, 3, 5, { stride }), extraDepthwise(96, 4, 3, 3)],
  [
    extraDepthwise(192, 4, 3, 5, { stride }),
    extraDepthwise(192, 4, 3, 3, { repeats: 3 }),
    extraDepthwise(192, 4, 3, 5),
    extraDepthwise(192, 4, 5, 3, { repeats: 5 }),
    convNext(192, 4, 3),
  ],
  [
    extraDepthwise(512, 4, 5, 5, { stride, repeats: 4 }),
    convNext(512, 4, 5),
    extraDepthwise(512, 4, 5, 3),
    convNext(512, 4, 5, { repeats: 2 }),
    extraDepthwise(512, 4, 5, 3),
    extraDepthwise(512, 4, 5, 5),
    convNext(512, 4, 5, { repeats: 3 }),
  ],
  last,
];

const mean = (x: Value) => averagePool({ x }, { kernel: [2, 2] });

/** MobileNetV4 (Qin et al. 2024), named as in timm. */
export function mobilenetV4(stem: number, table: Stages, style: Partial<Style> = {}): Family<MobileNetV4Options> {
  return {
    defaults: () => ({ width: 1, dropout: 0.2 }),
    build: ({ width, dropout }) =>
      mobileNetwork(
        {
          stem: width < 1 ? stem : roundChannels(stem * width),
          stages: scale(table, { width }),
          head: { channels: 1280, pooling: "after-norm" },
          activation: "relu",
          ...style,
        },
        { dropout },
      ),
  };
}

export const mobilenetV4Small = mobilenetV4(32, small);
export const mobilenetV4Medium = mobilenetV4(32, medium);
export const mobilenetV4Large = mobilenetV4(24, large);
export const mobilenetV4MediumMean = mobilenetV4(32, medium, { antialias: mean });
export const mobilenetV4LargeMean = mobilenetV4(24, large, { antialias: mean });
export const mobilenetV4MediumBlur = mobilenetV4(32, medium, { antialias: blurPool });
