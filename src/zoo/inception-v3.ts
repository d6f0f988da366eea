import type { Value } from "../graph/graph.js";
import { convNormAct, dropout } from "../nn/blocks.js";
import { normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { averagePool } from "../ops/average-pool.js";
import { concat } from "../ops/concat.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

type Kernel = number | readonly [number, number];
const row: Kernel = [1, 7];
const column: Kernel = [7, 1];

/** Convolution, norm and ReLU; without padding where `valid` or at a stride. */
function convolution(net: Scope, x: Value, channels: number, kernel: Kernel = 1, { stride = 1, valid = false } = {}): Value {
  const padding = valid || stride > 1 ? 0 : "symmetric";
  return convNormAct(net, x, { channels, kernel, stride, padding, activation: "relu" }, ["conv", "bn"]);
}

/** Convolutions one after another, `name_1`, `name_2`, ... */
function chain(net: Scope, x: Value, name: string, layers: readonly (readonly [channels: number, kernel?: Kernel, stride?: number])[]): Value {
  return layers.reduce((y, [channels, kernel, stride], i) => convolution(net.at(`${name}_${i + 1}`), y, channels, kernel, { stride }), x);
}

const join = (...branches: Value[]) => concat(branches, { axis: 3 });
const halve = (x: Value) => maxPool({ x }, { kernel: [3, 3], stride: [2, 2] });

/** 1x1 after means of 3x3 pixels, in which padding counts. */
function pooled(net: Scope, x: Value, channels: number): Value {
  const y = averagePool({ x }, { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], countIncludePad: true });
  return convolution(net.at("branch_pool"), y, channels);
}

/** Szegedy et al. 2016, figure 5. */
function blockA(net: Scope, x: Value, channels: number): Value {
  const five = chain(net, x, "branch5x5", [[48], [64, 5]]);
  const three = chain(net, x, "branch3x3dbl", [[64], [96, 3], [96, 3]]);
  return join(convolution(net.at("branch1x1"), x, 64), five, three, pooled(net, x, channels));
}

/** To half the pixels each way (ibid., figure 10). */
function reductionA(net: Scope, x: Value): Value {
  const single = convolution(net.at("branch3x3"), x, 384, 3, { stride: 2 });
  return join(single, chain(net, x, "branch3x3dbl", [[64], [96, 3], [96, 3, 2]]), halve(x));
}

/** 7x7 convolutions in factors (ibid., figure 6, n = 7); `inside`: channels between them. */
function blockB(net: Scope, x: Value, inside: number): Value {
  const once = chain(net, x, "branch7x7", [[inside], [inside, row], [192, column]]);
  const twice = chain(net, x, "branch7x7dbl", [[inside], [inside, column], [inside, row], [inside, column], [192, row]]);
  return join(convolution(net.at("branch1x1"), x, 192), once, twice, pooled(net, x, 192));
}

/** To half the pixels each way, once more. */
function reductionB(net: Scope, x: Value): Value {
  const seven = chain(net, x, "branch7x7x3", [[192], [192, row], [192, column], [192, 3, 2]]);
  return join(chain(net, x, "branch3x3", [[192], [320, 3, 2]]), seven, halve(x));
}

/** Widened by 1x3 and 3x1 side by side (ibid., figure 7). */
function blockC(net: Scope, x: Value): Value {
  const fork = (y: Value, name: string) => join(convolution(net.at(`${name}a`), y, 384, [1, 3]), convolution(net.at(`${name}b`), y, 384, [3, 1]));
  const once = fork(chain(net, x, "branch3x3", [[384]]), "branch3x3_2");
  const twice = fork(chain(net, x, "branch3x3dbl", [[448], [384, 3]]), "branch3x3dbl_3");
  return join(convolution(net.at("branch1x1"), x, 320), once, twice, pooled(net, x, 192));
}

function stem(net: Scope, x: Value): Value {
  let y = convolution(net.at("Conv2d_1a_3x3"), x, 32, 3, { stride: 2 });
  y = convolution(net.at("Conv2d_2a_3x3"), y, 32, 3, { valid: true });
  y = halve(convolution(net.at("Conv2d_2b_3x3"), y, 64, 3));
  y = convolution(net.at("Conv2d_3b_1x1"), y, 80);
  return halve(convolution(net.at("Conv2d_4a_3x3"), y, 192, 3, { valid: true }));
}

/** Modules after the stem by name: what builds each, and its number of channels where they differ. */
const modules: Readonly<Record<string, (net: Scope, x: Value) => Value>> = {
  Mixed_5b: (net, x) => blockA(net, x, 32),
  Mixed_5c: (net, x) => blockA(net, x, 64),
  Mixed_5d: (net, x) => blockA(net, x, 64),
  Mixed_6a: reductionA,
  Mixed_6b: (net, x) => blockB(net, x, 128),
  Mixed_6c: (net, x) => blockB(net, x, 160),
  Mixed_6d: (net, x) => blockB(net, x, 160),
  Mixed_6e: (net, x) => blockB(net, x, 192),
  Mixed_7a: reductionB,
  Mixed_7b: blockC,
  Mixed_7c: blockC,
};

/** Inception v3 (Szegedy et al. 2016), named as in torchvision and timm; without the head that only its training used. */
export const inceptionV3: Family<{ dropout: number }> = {
  defaults: () => ({ dropout: 0.5 }),
  build: (options) => ({
    backbone(root, x) {
      const net = root.with({ epsilon: 1e-3, convWeight: normal(0.1) });
      return globalAveragePool({ x: Object.entries(modules).reduce((y, [name, build]) => build(net.at(name), y), stem(net, x)) });
    },
    head: (net, features, numClasses) =>
      linear(net.with({ linearWeight: normal(0.1) }).at("fc"), dropout(net, features, options.dropout), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["fc.weight", "fc.bias"],
    unused: /^AuxLogits\./,
  }),
};
