import { Graph, type Value } from "../../src/graph/graph.js";
import { adamw } from "../../src/ops/adamw.js";
import { add } from "../../src/ops/add.js";
import { averagePool, averagePoolBackward } from "../../src/ops/average-pool.js";
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from "../../src/ops/cross-entropy.js";
import { gelu, geluBackward } from "../../src/ops/gelu.js";
import { globalAveragePool, globalAveragePoolBackward } from "../../src/ops/global-average-pool.js";
import { hardSwish, hardSwishBackward } from "../../src/ops/hard-swish.js";
import { maxPool, maxPoolBackward } from "../../src/ops/max-pool.js";
import { mul } from "../../src/ops/mul.js";
import { relu } from "../../src/ops/relu.js";
import { sgd } from "../../src/ops/sgd.js";
import { silu, siluBackward } from "../../src/ops/silu.js";
import { softmax } from "../../src/ops/softmax.js";
import { type Case, caseOf } from "./measure.js";

type Shape = readonly number[];
const text = (shape: Shape) => shape.join(" x ");
const stem = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: false };
const pair = { kernel: [2, 2], stride: [], padding: [0, 0, 0, 0], ceilMode: false };

function pools(x: Shape, y: Shape, window: typeof stem): Case[] {
  const layer = `${text(x)}, ${text(window.kernel)}`;
  return [
    caseOf("maxPool", layer, { x }, ({ x }) => maxPool({ x }, window)),
    caseOf("maxPoolBackward", layer, { dy: y, x }, ({ dy, x }) => maxPoolBackward({ dy, x }, window)),
  ];
}

function activations(x: Shape): Case[] {
  const forward = { gelu, hardSwish, relu, silu };
  const backward = { geluBackward, hardSwishBackward, siluBackward };
  return [
    ...Object.entries(forward).map(([name, op]) => caseOf(name, text(x), { x }, ({ x }) => op({ x }))),
    ...Object.entries(backward).map(([name, op]) => caseOf(name, text(x), { dy: x, x }, ({ dy, x }) => op({ dy, x }))),
  ];
}

function optimizer(name: string, shape: Shape, states: readonly string[], step: (tensors: Record<string, Value>) => unknown): Case {
  const graph = new Graph();
  const tensors: Record<string, Value> = {
    parameter: graph.keep("parameter", "parameter", shape),
    gradient: graph.input("gradient", shape),
    hyper: graph.input("hyper", [8]),
  };
  for (const state of states) tensors[state] = graph.keep("state", state, shape);
  step(tensors);
  return { kernel: name, layer: text(shape), graph };
}

type Sgd = Parameters<typeof sgd.all>[0];
type AdamW = Parameters<typeof adamw.all>[0];

/** Ops that memory bounds, on tensors of MobileNetV2, MobileNetV3 and ResNet. */
export const sweeps: readonly Case[] = [
  caseOf("add", "1 x 56 x 56 x 24", { a: [1, 56, 56, 24], b: [1, 56, 56, 24] }, ({ a, b }) => add({ a, b })),
  caseOf("add", "8 x 56 x 56 x 256", { a: [8, 56, 56, 256], b: [8, 56, 56, 256] }, ({ a, b }) => add({ a, b })),
  caseOf("mul", "8 x 14 x 14 x 480 by channel", { a: [8, 14, 14, 480], b: [8, 1, 1, 480] }, ({ a, b }) => mul({ a, b })),
  ...activations([1, 14, 14, 480]),
  ...activations([8, 56, 56, 64]),
  ...pools([8, 112, 112, 64], [8, 56, 56, 64], stem),
  ...pools([64, 24, 24, 64], [64, 12, 12, 64], pair),
  caseOf("averagePool", "8 x 56 x 56 x 64, 2 x 2", { x: [8, 56, 56, 64] }, ({ x }) => averagePool({ x }, { kernel: [2, 2] })),
  caseOf("averagePoolBackward", "8 x 56 x 56 x 64, 2 x 2", { dy: [8, 28, 28, 64] }, ({ dy }) =>
    averagePoolBackward({ dy }, { kernel: [2, 2], size: [56, 56] }),
  ),
  caseOf("globalAveragePool", "8 x 7 x 7 x 1280", { x: [8, 7, 7, 1280] }, ({ x }) => globalAveragePool({ x })),
  caseOf("globalAveragePoolBackward", "8 x 7 x 7 x 1280", { dy: [8, 1280] }, ({ dy }) => globalAveragePoolBackward({ dy }, { size: [7, 7] })),
  caseOf("softmax", "64 x 1000", { x: [64, 1000] }, ({ x }) => softmax({ x })),
  caseOf("softmaxCrossEntropy", "64 x 1000", { logits: [64, 1000], targets: [64, 1000] }, ({ logits, targets }) => softmaxCrossEntropy({ logits, targets })),
  caseOf("softmaxCrossEntropyBackward", "64 x 1000", { dloss: [64], logits: [64, 1000], targets: [64, 1000] }, ({ dloss, logits, targets }) =>
    softmaxCrossEntropyBackward({ dloss, logits, targets }),
  ),
  ...[
    [320, 1280],
    [9216, 128],
  ].flatMap((shape) => [
    optimizer("sgd", shape, ["momentum"], (tensors) => sgd.all(tensors as unknown as Sgd)),
    optimizer("adamw", shape, ["mean", "square"], (tensors) => adamw.all(tensors as unknown as AdamW)),
  ]),
];
