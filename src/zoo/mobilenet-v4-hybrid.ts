import type { Scope } from "../nn/scope.js";
import type { Value } from "../graph/graph.js";
import { multiQueryAttention } from "../nn/multi-query-attention.js";
import { layerScale } from "../nn/transformer.js";
import { attention, fused, type Stages } from "./mobile/stages.js";
import { convNext, extraDepthwise, feedForward, last, mobilenetV4 } from "./mobilenet-v4.js";

const stride = 2;
const style = { layerScale: (net: Scope, y: Value) => layerScale(net, y, 1e-5) };

/** Attention of this many heads; `keyStride` 2: to a quarter of the pixels. */
const attend = (channels: number, heads: number, depth: number, keyStride = 1) =>
  attention(channels, { attend: (net, x) => multiQueryAttention(net, x, { heads, depth, kernel: 3, keyStride }) });

/** MNv4-Hybrid-M (Qin et al. 2024, table 13). */
const medium: Stages = [
  [fused(48, { expansion: 4, stride })],
  [extraDepthwise(80, 4, 3, 5, { stride }), extraDepthwise(80, 2, 3, 3)],
  [
    extraDepthwise(160, 6, 3, 5, { stride }),
    feedForward(160, 2),
    extraDepthwise(160, 4, 3, 3),
    extraDepthwise(160, 4, 3, 5),
    attend(160, 4, 64, 2),
    extraDepthwise(160, 4, 3, 3),
    attend(160, 4, 64, 2),
    convNext(160, 4, 3),
    attend(160, 4, 64, 2),
    extraDepthwise(160, 4, 3, 3),
    attend(160, 4, 64, 2),
    convNext(160, 4, 3),
  ],
  [
    extraDepthwise(256, 6, 5, 5, { stride }),
    extraDepthwise(256, 4, 5, 5),
    extraDepthwise(256, 4, 3, 5, { repeats: 2 }),
    feedForward(256, 2),
    extraDepthwise(256, 2, 3, 5),
    feedForward(256, 2),
    feedForward(256, 4),
    attend(256, 4, 64),
    convNext(256, 4, 3),
    attend(256, 4, 64),
    extraDepthwise(256, 4, 5, 5),
    attend(256, 4, 64),
    convNext(256, 4, 5),
    attend(256, 4, 64),
    convNext(256, 4, 5),
  ],
  last,
];

/** MNv4-Hybrid-L (table 15). */
const large: Stages = [
  [fused(48, { expansion: 4, stride })],
  [extraDepthwise(96, 4, 3, 5, { stride }), extraDepthwise(96, 4, 3, 3)],
  [
    extraDepthwise(192, 4, 3, 5, { stride }),
    extraDepthwise(192, 4, 3, 3, { repeats: 3 }),
    extraDepthwise(192, 4, 3, 5),
    extraDepthwise(192, 4, 5, 3, { repeats: 2 }),
    attend(192, 8, 48, 2),
    extraDepthwise(192, 4, 5, 3),
    attend(192, 8, 48, 2),
    extraDepthwise(192, 4, 5, 3),
    attend(192, 8, 48, 2),
    extraDepthwise(192, 4, 5, 3),
    attend(192, 8, 48, 2),
    convNext(192, 4, 3),
  ],
  [
    extraDepthwise(512, 4, 5, 5, { stride, repeats: 4 }),
    convNext(512, 4, 5),
    extraDepthwise(512, 4, 5, 3),
    convNext(512, 4, 5, { repeats: 2 }),
    extraDepthwise(512, 4, 5, 3),
    extraDepthwise(512, 4, 5, 5),
    attend(512, 8, 64),
    convNext(512, 4, 5),
    attend(512, 8, 64),
    convNext(512, 4, 5),
    attend(512, 8, 64),
    convNext(512, 4, 5),
    attend(512, 8, 64),
    convNext(512, 4, 5),
  ],
  last,
];

export const mobilenetV4HybridMedium = mobilenetV4(32, medium, style);
export const mobilenetV4HybridLarge = mobilenetV4(24, large, { ...style, activation: "gelu" });
