import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { scale, separable, type Stages } from "./mobile/stages.js";
import { roundChannels } from "./names.js";

export interface LcNetOptions {
  /** Multiplies all channel counts but the embedding's; default 1. */
  readonly width: number;
  readonly dropout: number;
  readonly [option: string]: number | string;
}

/** Cui et al. 2021, table 1. */
const table: Stages = [
  [separable(32)],
  [separable(64, { stride: 2, repeats: 2 })],
  [separable(128, { stride: 2, repeats: 2 })],
  [separable(256, { stride: 2 }), separable(256, { kernel: 5 })],
  [separable(256, { kernel: 5, repeats: 4 })],
  [separable(512, { kernel: 5, stride: 2, repeats: 2, excite: 1 / 4 })],
];

/** PP-LCNet (Cui et al. 2021), named as in timm. */
export const lcnet: Family<LcNetOptions> = {
  defaults: () => ({ width: 1, dropout: 0.2 }),
  build: ({ width, dropout }) =>
    mobileNetwork(
      {
        stem: roundChannels(16 * width),
        stages: scale(table, { width }),
        head: { channels: 1280, pooling: "after" },
        activation: "hardSwish",
        excitation: { of: "wide", round: Math.round, gate: "hardSigmoid", activation: "relu" },
      },
      { dropout },
    ),
};
