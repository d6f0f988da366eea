import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { dropout } from "../nn/blocks.js";
import { conv, type Conv } from "../nn/convolution.js";
import { constant, kaimingUniformIn, normal } from "../nn/initializers.js";
import type { Scope } from "../nn/scope.js";
import { concat } from "../ops/concat.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

const convRelu = (net: Scope, x: Value, options: Conv) => activate(conv(net, x, options), "relu");
const pool = (x: Value) => maxPool({ x }, { kernel: [3, 3], stride: [2, 2], ceilMode: true });

/** Fire module (Iandola et al. 2016, figure 1): squeeze by 1x1, expand by 1x1 and 3x3 side by side. */
function fire(net: Scope, x: Value, squeeze: number): Value {
  const channels = squeeze * 4;
  const y = convRelu(net.at("squeeze"), x, { channels: squeeze, kernel: 1 });
  const narrow = convRelu(net.at("expand1x1"), y, { channels, kernel: 1 });
  return concat([narrow, convRelu(net.at("expand3x3"), y, { channels, kernel: 3, padding: 1 })], { axis: 3 });
}

/** SqueezeNet 1.0 (Iandola et al. 2016, table 1), named as in torchvision. Its head is a 1x1 convolution before the pooling. */
export const squeezenet10: Family<{ dropout: number }> = {
  defaults: () => ({ dropout: 0.5 }),
  build: (options) => ({
    backbone(root, x) {
      const net = root.with({ convWeight: kaimingUniformIn, convBias: constant(0) });
      let y = pool(convRelu(net.at("features.0"), x, { channels: 96, kernel: 7, stride: 2 }));
      for (const [index, squeeze] of [
        [3, 16],
        [4, 16],
        [5, 32],
      ])
        y = fire(net.at(`features.${index}`), y, squeeze);
      y = pool(y);
      for (const [index, squeeze] of [
        [7, 32],
        [8, 48],
        [9, 48],
        [10, 64],
      ])
        y = fire(net.at(`features.${index}`), y, squeeze);
      return fire(net.at("features.12"), pool(y), 64);
    },
    head(root, features, numClasses) {
      const net = root.with({ convWeight: normal(0.01), convBias: constant(0) });
      return globalAveragePool({ x: convRelu(net.at("classifier.1"), dropout(net, features, options.dropout), { channels: numClasses, kernel: 1 }) });
    },
    embedding: (features) => globalAveragePool({ x: features }),
    classifier: ["classifier.1.weight", "classifier.1.bias"],
  }),
};
