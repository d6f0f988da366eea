import type { Value } from "../graph/graph.js";
import { squeezeExcite } from "../nn/blocks.js";
import { channelsOf, type Conv, conv } from "../nn/convolution.js";
import { constant, type Initialization, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { standardize } from "../nn/standardize.js";
import { add } from "../ops/add.js";
import { averagePool } from "../ops/average-pool.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { map } from "../ops/map.js";
import { mul } from "../ops/mul.js";
import { silu } from "../ops/silu.js";
import type { Family } from "./family.js";
import { roundChannels } from "./names.js";

/** By this SiLU's result has variance 1 where its input has (Brock et al. 2021a, section 4.2). Weights have it, not activations. */
const gamma = 1.7881293296813965;
/** What a block adds to the variance is alpha^2; `excited` makes up for squeeze-and-excitation (Brock et al. 2021b, section 4). */
const alpha = 0.2;
const excited = 2;

const stem = [16, 32, 64, 128];
const stages = [32, 64, 96, 128];
const groupSize = 8;

/** He et al. 2015 without a factor for ReLU. */
const kaimingLinear: Initialization = (fan) => ({ kind: "normal", std: Math.sqrt(1 / fan.in) });
const scaled = (x: Value, factor: number) => map({ x }, { fn: "affine", alpha: factor, beta: 0 });

/** A convolution by standardised weights: of each output channel the mean is 0 and the variance gain^2 gamma^2 / fan in (Brock et al. 2021a, equation 1). */
function scaledConv(root: Scope, x: Value, options: Omit<Conv, "reweight" | "padding">, initialGain = 1): Value {
  return conv(root, x, {
    ...options,
    padding: "symmetric",
    reweight(net, weight) {
      const [height, width, inputs, channels] = weight.shape;
      const file = { shape: [channels, 1, 1, 1], view: [channels], order: [0] };
      const gain = net.parameter("gain", [channels], { initializer: { kind: "constant", value: initialGain }, file });
      const { centred, scale } = standardize(weight, { axes: [0, 1, 2], epsilon: 1e-5 });
      return mul({ a: centred, b: mul({ a: scale, b: scaled(gain, gamma / Math.sqrt(height * width * inputs)) }) });
    },
  });
}

/** A bottleneck behind its activation, whose result, excited, is added to what came in (Brock et al. 2021b, figure 5). */
function block(net: Scope, x: Value, { channels, stride, beta }: { channels: number; stride: number; beta: number }): Value {
  const active = scaled(silu({ x }), beta);
  const pooled = stride > 1 ? averagePool({ x: active }, { kernel: [2, 2], stride: [2, 2], ceilMode: true }) : active;
  const shortcut = scaledConv(net.at("downsample.conv"), pooled, { channels, kernel: 1 });
  const middle = roundChannels(channels / 4);
  const groups = middle / groupSize;
  let y = scaledConv(net.at("conv1"), active, { channels: middle, kernel: 1 });
  y = scaledConv(net.at("conv2"), silu({ x: y }), { channels: middle, kernel: 3, stride, groups });
  y = scaledConv(net.at("conv2b"), silu({ x: y }), { channels: middle, kernel: 3, groups });
  y = scaledConv(net.at("conv3"), silu({ x: y }), { channels, kernel: 1 }, 0);
  y = squeezeExcite(net.at("attn_last"), y, { channels: roundChannels(channels / 4, { limit: 0 }) });
  return add({ a: scaled(y, excited * alpha), b: shortcut });
}

/** timm's `test_nfnet`: a network without norms to test with (Brock et al. 2021a, "Characterizing signal propagation"; 2021b, NFNet). */
export const testNfnet: Family = {
  defaults: () => ({}),
  build: () => ({
    backbone(root, x) {
      const net = root.with({ convWeight: kaimingLinear, convBias: constant(0) });
      let y = x;
      stem.forEach((channels, i) => {
        y = scaledConv(net.at(`stem.conv${i + 1}`), i > 0 ? silu({ x: y }) : y, { channels, kernel: 3, stride: i === 0 || i === stem.length - 1 ? 2 : 1 });
      });
      stages.forEach((channels, stage) => {
        const isFirst = stage === 0;
        y = block(net.at(`stages.${stage}.0`), y, { channels, stride: isFirst ? 1 : 2, beta: isFirst ? 1 : 1 / Math.sqrt(1 + alpha * alpha) });
      });
      y = scaledConv(net.at("final_conv"), y, { channels: (channelsOf(y) * 3) / 2, kernel: 1 });
      return globalAveragePool({ x: silu({ x: y }) });
    },
    head: (root, features, numClasses) =>
      linear(root.with({ linearWeight: normal(0.01), linearBias: constant(0) }).at("head.fc"), features, { features: numClasses }),
    embedding: (features) => features,
    classifier: ["head.fc.weight", "head.fc.bias"],
  }),
};
