import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { convNorm, convNormAct, dropout, stochasticDepth } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { kaimingNormalIn } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { pad } from "../ops/pad.js";
import { slice } from "../ops/slice.js";
import type { Family } from "./family.js";

/** Option A of He et al. 2016, section 3.3: every `stride`-th pixel, zero channels on both sides; no parameters. */
function shortcut(x: Value, channels: number, stride: number): Value {
  const [count, height, width, depth] = x.shape;
  const sizes = [count, Math.ceil(height / stride), Math.ceil(width / stride), depth];
  const y = stride === 1 ? x : slice({ x }, { starts: [0, 0, 0, 0], sizes, steps: [1, stride, stride, 1] });
  const extra = channels - depth;
  return extra === 0 ? y : pad({ x: y }, { before: [0, 0, 0, extra >> 1], after: [0, 0, 0, extra - (extra >> 1)] });
}

function block(net: Scope, x: Value, channels: number): Value {
  const stride = channelsOf(x) === channels ? 1 : 2;
  let y = convNormAct(net, x, { channels, kernel: 3, stride, activation: "relu" }, ["conv1", "bn1"]);
  y = convNorm(net, y, { channels, kernel: 3 }, ["conv2", "bn2"]);
  return activate(add({ a: stochasticDepth(net, y), b: shortcut(x, channels, stride) }), "relu");
}

/** ResNet-20 for 32-pixel images (He et al. 2016, section 4.2): three stages of three blocks with 16, 32 and 64 channels. */
export const resnet20: Family = {
  defaults: () => ({}),
  build: () => ({
    backbone(root, x) {
      const net = root.with({ convWeight: kaimingNormalIn });
      let y = convNormAct(net, x, { channels: 16, kernel: 3, activation: "relu" }, ["conv1", "bn1"]);
      [16, 32, 64].forEach((channels, stage) => {
        for (let i = 0; i < 3; i++) y = block(net.with({ depth: (3 * stage + i) / 8 }).at(`layer${stage + 1}.${i}`), y, channels);
      });
      return globalAveragePool({ x: y });
    },
    head: (net, features, numClasses) => linear(net.with({ linearWeight: kaimingNormalIn }).at("linear"), dropout(net, features, 0), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["linear.weight", "linear.bias"],
  }),
};
