import type { Family } from "./family.js";
import { type Head, mobileNetwork } from "./mobile/network.js";
import { scale, separable, type Stages } from "./mobile/stages.js";
import { roundChannels } from "./names.js";

export interface MobileNetV1Options {
  /** `same`: TensorFlow's, for its weights. Default `symmetric`. */
  readonly padding: "symmetric" | "same";
  /** Multiplies all channel counts; default 1. */
  readonly width: number;
  readonly epsilon: number;
  readonly dropout: number;
  readonly [option: string]: number | string;
}

/** Howard et al. 2017, table 1. */
const stages: Stages = [
  [separable(64)],
  [separable(128, { repeats: 2, stride: 2 })],
  [separable(256, { repeats: 2, stride: 2 })],
  [separable(512, { repeats: 6, stride: 2 })],
  [separable(1024, { repeats: 2, stride: 2 })],
];

/** MobileNet (Howard et al. 2017), named as in timm. */
function family(headOf: (width: number) => Head | undefined): Family<MobileNetV1Options> {
  return {
    defaults: () => ({ padding: "symmetric", width: 1, epsilon: 1e-5, dropout: 0 }),
    choices: { padding: ["symmetric", "same"] },
    build: ({ width, ...settings }) =>
      mobileNetwork({ stem: roundChannels(32 * width), stages: scale(stages, { width }), head: headOf(width), activation: "relu6" }, settings),
  };
}

/** timm's `mobilenetv1_100`: the network of the paper. */
export const mobilenetV1 = family(() => undefined);
/** timm's `mobilenetv1_100h`: with a 1x1 convolution before the pooling. */
export const mobilenetV1Head = family((width) => ({ channels: Math.max(1024, roundChannels(1024 * width)), pooling: "before" }));
