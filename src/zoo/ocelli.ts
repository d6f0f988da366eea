import { ArgumentError } from "../core/errors.js";
import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { type Block, conv, fused, inverted, scale, type Stages } from "./mobile/stages.js";

const stride = 2;

/**
 * Dense 3x3 convolutions where there are many pixels and few channels: they run at the arithmetic's limit, where depthwise ones wait for memory, in
 * learning most of all. Inverted residuals where there are few pixels, since they learn most per parameter.
 */
const small: Stages = [
  [conv(32, { stride }), conv(32, { skip: true })],
  [conv(64, { stride }), conv(64, { skip: true, repeats: 2 })],
  [fused(128, { expansion: 2, stride }), inverted(128, { expansion: 4, repeats: 6 })],
];

/** Where the stride of 32 is reached: the third block of the last stage. */
const lastStride = { stage: 2, block: 2 };

function stages(totalStride: number): Block[][] {
  const deep = scale(small);
  if (totalStride === 32) deep[lastStride.stage][lastStride.block] = { ...deep[lastStride.stage][lastStride.block], stride };
  else if (totalStride !== 16) throw new ArgumentError(`ocelli_s: expected a totalStride of 16 or 32, got ${totalStride}`);
  return deep;
}

/**
 * The package's own backbone, for pictures of about 112 pixels; embeddings of 512 numbers. `models/ocelli-s` says what it was compared with.
 * `totalStride` is 32, or 16 for pictures of 64 to 96 pixels, with the same parameters.
 */
export const ocelliSmall: Family<{ readonly dropout: number; readonly totalStride: number; readonly [option: string]: number | string }> = {
  defaults: () => ({ dropout: 0, totalStride: 32 }),
  build: ({ dropout, totalStride }) =>
    mobileNetwork({ stem: 24, stages: stages(totalStride), head: { channels: 512, pooling: "before" }, activation: "relu" }, { dropout }),
};
