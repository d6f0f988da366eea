import type { Value } from "../graph/graph.js";
import { conv } from "../nn/convolution.js";
import { dropout } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { constant, kaimingNormalIn } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import { batchNorm } from "../nn/norm.js";
import type { Scope } from "../nn/scope.js";
import { averagePool } from "../ops/average-pool.js";
import { concat } from "../ops/concat.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

export interface DenseNetVariant {
  /** Layers in each of the four blocks. */
  readonly depths: readonly number[];
  /** Channels that a layer adds. */
  readonly growth: number;
  /** Channels of the first convolution. */
  readonly stem: number;
}

export interface DenseNetOptions {
  /** `current`: torchvision's and timm's module names. `legacy`: with `norm.1` in place of `norm1`, as the files have that torchvision publishes. */
  readonly naming: "current" | "legacy";
  readonly [option: string]: number | string;
}

const normRelu = (net: Scope, x: Value) => batchNorm(net, x, { low: 0 });

/** Norm, ReLU, 1x1 to four times the growth, norm, ReLU, 3x3 (Huang et al. 2017, section 3, "DenseNet-B"); what comes out joins what came in. */
function denseLayer(net: Scope, x: Value, growth: number): Value {
  const y = conv(net.at("conv1"), normRelu(net.at("norm1"), x), { channels: 4 * growth, kernel: 1, bias: false });
  const added = conv(net.at("conv2"), normRelu(net.at("norm2"), y), { channels: growth, kernel: 3, padding: 1, bias: false });
  return concat([x, added], { axis: 3 });
}

/** Half the channels and half the pixels each way (ibid., "Compression"). */
function transition(net: Scope, x: Value): Value {
  const y = conv(net.at("conv"), normRelu(net.at("norm"), x), { channels: Math.floor(channelsOf(x) / 2), kernel: 1, bias: false });
  return averagePool({ x: y }, { kernel: [2, 2] });
}

/** DenseNet-BC (Huang et al. 2017, table 1), named as in torchvision and timm. */
export function densenet({ depths, growth, stem }: DenseNetVariant): Family<DenseNetOptions> {
  return {
    defaults: () => ({ naming: "current" }),
    choices: { naming: ["current", "legacy"] },
    namings: { current: "features.denseblock1.denselayer1.norm1.weight", legacy: "features.denseblock1.denselayer1.norm.1.weight" },
    build: ({ naming }) => ({
      backbone(root, x) {
        const rename = (name: string) => (naming === "legacy" ? name.replace(/(denselayer\d+\.(?:norm|conv))(\d)/, "$1.$2") : name);
        const net = root.with({ convWeight: kaimingNormalIn, rename }).at("features");
        let y = conv(net.at("conv0"), x, { channels: stem, kernel: 7, stride: 2, padding: 3, bias: false });
        y = maxPool({ x: normRelu(net.at("norm0"), y) }, { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] });
        depths.forEach((depth, block) => {
          if (block > 0) y = transition(net.at(`transition${block}`), y);
          for (let i = 1; i <= depth; i++) y = denseLayer(net.at(`denseblock${block + 1}.denselayer${i}`), y, growth);
        });
        return globalAveragePool({ x: normRelu(net.at("norm5"), y) });
      },
      head: (net, features, numClasses) => linear(net.with({ linearBias: constant(0) }).at("classifier"), dropout(net, features, 0), { features: numClasses }),
      embedding: (features) => features,
      classifier: ["classifier.weight", "classifier.bias"],
    }),
  };
}
