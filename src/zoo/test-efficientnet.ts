import type { Value } from "../graph/graph.js";
import { type Activation, activate } from "../nn/activation.js";
import { channelsOf } from "../nn/convolution.js";
import { layerNorm } from "../nn/layer-norm.js";
import type { LayerDefaults, Scope } from "../nn/scope.js";
import { standardize } from "../nn/standardize.js";
import { add } from "../ops/add.js";
import { groupNorm } from "../ops/group-norm.js";
import { mul } from "../ops/mul.js";
import { reshape } from "../ops/reshape.js";
import { sigmoid } from "../ops/sigmoid.js";
import type { Family } from "./family.js";
import { mobileNetwork } from "./mobile/network.js";
import { conv, fused, inverted, scale, type Stages } from "./mobile/stages.js";

const excite = 1 / 4;
/** Channels of a group, of the norms by groups. */
const groupSize = 8;

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
export const testEfficientnetLn = family((net, x, activation) => activated(layerNorm(net, x), activation));
export const testEfficientnetGn = family((net, x, activation) => {
  const { weight, bias } = affine(net, x);
  return activated(groupNorm({ x, weight, bias }, { groups: channelsOf(x) / groupSize, epsilon: net.defaults.epsilon }), activation);
});
/**
 * EvoNorm-S0 (Liu et al. 2020, "Evolving normalization-activation layers"): y = x sigmoid(v x) / s weight + bias, s the deviation of a group's
 * values in an image. It is its own activation; without one, the deviation goes too.
 */
export const testEfficientnetEvos = family((net, x, activation) => {
  const { weight, bias } = affine(net, x);
  return add({ a: mul({ a: activation ? gatedByGroup(net, x) : x, b: weight }), b: bias });
});

/** x sigmoid(v x) / s of EvoNorm-S0. */
function gatedByGroup(net: Scope, x: Value): Value {
  const v = net.parameter("v", [channelsOf(x)], { initializer: { kind: "constant", value: 1 } });
  const gated = mul({ a: x, b: sigmoid({ x: mul({ a: x, b: v }) }) });
  const grouped = { shape: [x.shape[0], -1, channelsOf(x) / groupSize, groupSize] };
  const { scale } = standardize(reshape({ x }, grouped), { axes: [1, 3], epsilon: net.defaults.epsilon });
  return reshape({ x: mul({ a: reshape({ x: gated }, grouped), b: scale }) }, { shape: x.shape });
}

function affine(net: Scope, x: Value): { weight: Value; bias: Value } {
  const shape = [channelsOf(x)];
  return {
    weight: net.parameter("weight", shape, { initializer: { kind: "constant", value: 1 } }),
    bias: net.parameter("bias", shape, { initializer: { kind: "constant", value: 0 } }),
  };
}

function activated(x: Value, activation?: Activation): Value {
  return activation ? activate(x, activation) : x;
}
