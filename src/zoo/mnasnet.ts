import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { inverted, scale, type Stages } from "./mobile/stages.js";
import { roundChannels } from "./names.js";

export interface MnasNetOptions {
  /** Multiplies all channel counts but the last; default 1. */
  readonly width: number;
  readonly dropout: number;
  readonly [option: string]: number | string;
}

const excite = 1 / 4;

/** MNASNet-A1 (Tan et al. 2019, figure 7): with squeeze-and-excitation. */
const a1: Stages = [
  [inverted(16)],
  [inverted(24, { expansion: 6, stride: 2, repeats: 2 })],
  [inverted(40, { expansion: 3, kernel: 5, stride: 2, repeats: 3, excite })],
  [inverted(80, { expansion: 6, stride: 2, repeats: 4 })],
  [inverted(112, { expansion: 6, repeats: 2, excite })],
  [inverted(160, { expansion: 6, kernel: 5, stride: 2, repeats: 3, excite })],
  [inverted(320, { expansion: 6 })],
];

/** MNASNet-B1, without. */
const b1: Stages = [
  [inverted(16)],
  [inverted(24, { expansion: 3, stride: 2, repeats: 3 })],
  [inverted(40, { expansion: 3, kernel: 5, stride: 2, repeats: 3 })],
  [inverted(80, { expansion: 6, kernel: 5, stride: 2, repeats: 3 })],
  [inverted(96, { expansion: 6, repeats: 2 })],
  [inverted(192, { expansion: 6, kernel: 5, stride: 2, repeats: 4 })],
  [inverted(320, { expansion: 6 })],
];

const small: Stages = [
  [inverted(8)],
  [inverted(16, { expansion: 3, stride: 2 })],
  [inverted(16, { expansion: 6, stride: 2, repeats: 2 })],
  [inverted(32, { expansion: 6, kernel: 5, stride: 2, repeats: 4, excite })],
  [inverted(32, { expansion: 6, repeats: 3, excite })],
  [inverted(88, { expansion: 6, kernel: 5, stride: 2, repeats: 3, excite })],
  [inverted(144, { expansion: 6 })],
];

/** MNASNet (Tan et al. 2019), named as in timm. */
function family(stem: number, table: Stages): Family<MnasNetOptions> {
  return {
    defaults: () => ({ width: 1, dropout: 0.2 }),
    build: ({ width, dropout }) =>
      mobileNetwork(
        {
          stem: roundChannels(stem * width),
          stages: scale(table, { width }),
          head: { channels: 1280, pooling: "before" },
          activation: "relu",
          excitation: { of: "input", round: Math.round, gate: "sigmoid" },
        },
        { dropout },
      ),
  };
}

export const mnasnetA1 = family(32, a1);
export const mnasnetB1 = family(32, b1);
export const mnasnetSmall = family(8, small);
