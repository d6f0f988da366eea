import { channelsOf } from "../nn/convolution.js";
import { layerNorm } from "../nn/layer-norm.js";
import type { LayerDefaults } from "../nn/scope.js";
import { groupNorm } from "../ops/group-norm.js";
import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { conv, fused, inverted, scale, type Stages } from "./mobile/stages.js";

const excite = 1 / 4;

const table: Stages = [
  [conv(16, { skip: true })],
  [fused(24, { expansion: 4, stride: 2 })],
  [fused(32, { expansion: 4, stride: 2 })],
  [inverted(48, { expansion: 4, stride: 2, excite })],
  [inverted(64, { expansion: 4, stride: 2, excite })],
];

/** timm's `test_efficientnet`: a block of each kind to test with, by batch norm or `norm`. */
function family(norm?: LayerDefaults["norm"]): Family<{ dropout: number }> {
  return {
    defaults: () => ({ dropout: 0 }),
    build: ({ dropout }) =>
      mobileNetwork(
        {
          stem: 24,
          stages: scale(table),
          head: { channels: 256, pooling: "before" },
          activation: "silu",
          excitation: { of: "input", round: Math.round, gate: "sigmoid" },
        },
        { dropout, norm },
      ),
  };
}

export const testEfficientnet = family();
export const testEfficientnetLn = family(layerNorm);
/** Groups of 8 channels. */
export const testEfficientnetGn = family((net, x) => {
  const channels = channelsOf(x);
  const weight = net.parameter("weight", [channels], { initializer: { kind: "constant", value: 1 } });
  const bias = net.parameter("bias", [channels], { initializer: { kind: "constant", value: 0 } });
  return groupNorm({ x, weight, bias }, { groups: channels / 8, epsilon: net.defaults.epsilon });
});
