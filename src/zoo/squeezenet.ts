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

export interface SqueezeNetVariant {
  /** The first convolution; its stride is 2. */
  readonly stem: { readonly channels: number; readonly kernel: number };
  /** What follows, in order: fire modules by their squeezed channels, and pools. */
  readonly layers: readonly (number | "pool")[];
}

/** SqueezeNet (Iandola et al. 2016, table 1), named as in torchvision. Its head is a 1x1 convolution before the pooling. */
export function squeezenet({ stem, layers }: SqueezeNetVariant): Family<{ dropout: number }> {
  return {
    defaults: () => ({ dropout: 0.5 }),
    build: (options) => ({
      backbone(root, x) {
        const net = root.with({ convWeight: kaimingUniformIn, convBias: constant(0) }).at("features");
        let y = convRelu(net.at("0"), x, { ...stem, stride: 2 });
        layers.forEach((layer, i) => {
          y = layer === "pool" ? pool(y) : fire(net.at(String(i + 2)), y, layer);
        });
        return y;
      },
      head(root, features, numClasses) {
        const net = root.with({ convWeight: normal(0.01), convBias: constant(0) });
        return globalAveragePool({ x: convRelu(net.at("classifier.1"), dropout(net, features, options.dropout), { channels: numClasses, kernel: 1 }) });
      },
      embedding: (features) => globalAveragePool({ x: features }),
      classifier: ["classifier.1.weight", "classifier.1.bias"],
    }),
  };
}
