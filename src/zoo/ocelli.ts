import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { conv, fused, inverted, scale, type Stages } from "./mobile/stages.js";

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

/** The package's own backbone, for pictures of about 96 pixels; total stride 16, embeddings of 512 numbers. `models/ocelli-s` says what it was compared with. */
export const ocelliSmall: Family<{ readonly dropout: number; readonly [option: string]: number | string }> = {
  defaults: () => ({ dropout: 0 }),
  build: ({ dropout }) => mobileNetwork({ stem: 24, stages: scale(small), head: { channels: 512, pooling: "before" }, activation: "relu" }, { dropout }),
};
