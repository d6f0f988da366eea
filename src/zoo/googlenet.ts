import type { Value } from "../graph/graph.js";
import { convNormAct, dropout } from "../nn/blocks.js";
import { normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { concat } from "../ops/concat.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

/** Channels of the four branches: 1x1; 1x1 then 3x3; 1x1 then "5x5"; 1x1 after a pool. */
type Branches = readonly [number, readonly [number, number], readonly [number, number], number];

/** Szegedy et al. 2015, table 1: modules by name, and the kernels of the pools between them. */
const layers: readonly (readonly [name: string, Branches] | { readonly pool: number })[] = [
  ["inception3a", [64, [96, 128], [16, 32], 32]],
  ["inception3b", [128, [128, 192], [32, 96], 64]],
  { pool: 3 },
  ["inception4a", [192, [96, 208], [16, 48], 64]],
  ["inception4b", [160, [112, 224], [24, 64], 64]],
  ["inception4c", [128, [128, 256], [24, 64], 64]],
  ["inception4d", [112, [144, 288], [32, 64], 64]],
  ["inception4e", [256, [160, 320], [32, 128], 128]],
  { pool: 2 },
  ["inception5a", [256, [160, 320], [32, 128], 128]],
  ["inception5b", [384, [192, 384], [48, 128], 128]],
];

function convolution(net: Scope, x: Value, channels: number, kernel = 1, stride = 1): Value {
  return convNormAct(net, x, { channels, kernel, stride, activation: "relu" }, ["conv", "bn"]);
}

const pool = (x: Value, kernel: number) => maxPool({ x }, { kernel: [kernel, kernel], stride: [2, 2], ceilMode: true });

/** Szegedy et al. 2015, figure 2b. Its third branch is 3x3, not 5x5, in torchvision and thus in its weights. */
function inception(net: Scope, x: Value, [single, [reduce3, wide3], [reduce5, wide5], pooled]: Branches): Value {
  const [first, second, third, fourth] = ["branch1", "branch2", "branch3", "branch4"].map((name) => net.at(name));
  return concat(
    [
      convolution(first, x, single),
      convolution(second.at("1"), convolution(second.at("0"), x, reduce3), wide3, 3),
      convolution(third.at("1"), convolution(third.at("0"), x, reduce5), wide5, 3),
      convolution(fourth.at("1"), maxPool({ x }, { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] }), pooled),
    ],
    { axis: 3 },
  );
}

/** GoogLeNet (Szegedy et al. 2015) with batch norms, named as in torchvision; without the heads that only its training used. */
export const googlenet: Family<{ dropout: number }> = {
  defaults: () => ({ dropout: 0.2 }),
  build: (options) => ({
    backbone(root, x) {
      const net = root.with({ epsilon: 1e-3, convWeight: normal(0.01) });
      let y = pool(convolution(net.at("conv1"), x, 64, 7, 2), 3);
      y = pool(convolution(net.at("conv3"), convolution(net.at("conv2"), y, 64), 192, 3), 3);
      for (const layer of layers) y = "pool" in layer ? pool(y, layer.pool) : inception(net.at(layer[0]), y, layer[1]);
      return globalAveragePool({ x: y });
    },
    head: (net, features, numClasses) =>
      linear(net.with({ linearWeight: normal(0.01) }).at("fc"), dropout(net, features, options.dropout), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["fc.weight", "fc.bias"],
    unused: /^aux[12]\./,
  }),
};
