import { atOnce } from "../../src/core/slices.js";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { toMemory } from "../../src/model/layout.js";
import { convNormAct } from "../../src/nn/blocks.js";
import { linear } from "../../src/nn/linear.js";
import { Scope } from "../../src/nn/scope.js";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { oneHot, softmaxCrossEntropy } from "../../src/ops/cross-entropy.js";
import { globalAveragePool } from "../../src/ops/global-average-pool.js";
import { mean } from "../../src/ops/mean.js";
import { sgd } from "../../src/ops/sgd.js";
import { Session } from "../../src/runtime/session.js";
import { buildBlock } from "../../src/zoo/mobile/blocks.js";
import { inverted } from "../../src/zoo/mobile/stages.js";
import { torchvisionLayers } from "../../src/zoo/mobilenet-v2.js";
import { renamer } from "../../src/zoo/names.js";
import { architecture } from "../../src/zoo/registry.js";
import { writeStateDict } from "./build.js";
import { parseHexFloat, stateDict, toNhwc, uniform } from "./recipe.js";

interface Fixture {
  steps: number;
  batch: number;
  batches: number;
  classes: number;
  size: number;
  sgd: { lr: number; momentum: number; weight_decay: number };
  losses: Record<string, string[]>;
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/training-parity.json", import.meta.url), "utf8"));
const { steps, batch, batches, classes, size } = fixture;

const networks: Record<string, (net: Scope, x: Value) => Promise<Value>> = {
  async resnet20(net, x) {
    const network = await architecture("resnet20");
    return network.head(net, network.backbone(net, x), classes);
  },
  async mobilenet_v2_stack(net, x) {
    let y = convNormAct(net.at("features.0"), x, { channels: 16, kernel: 3, stride: 2, activation: "relu6" });
    [inverted(8), inverted(16, { stride: 2, expansion: 6 }), inverted(16, { expansion: 6 })].forEach((block, i) => {
      const at = `features.${i + 1}`;
      const layers = Object.entries(torchvisionLayers(block)).map(([layer, name]) => [`${at}.${layer}`, `${at}.${name}`] as const);
      y = buildBlock(net.with({ rename: renamer(new Map(layers)) }).at(at), y, block, { activation: "relu6" });
    });
    y = convNormAct(net.at("features.4"), y, { channels: 64, kernel: 1, activation: "relu6" });
    return linear(net.at("classifier"), globalAveragePool({ x: y }), { features: classes });
  },
};

/** One step of SGD with momentum as a graph: the loss of a batch, and the update of every parameter. */
async function trainingStep(build: (net: Scope, x: Value) => Promise<Value>): Promise<Graph> {
  const graph = new Graph();
  const net = new Scope(graph, { training: true, batchNorm: "train" });
  const logits = await build(net, graph.input("x", [batch, size, size, 3]));
  const targets = oneHot({ labels: graph.input("labels", [batch], "int32") }, { classes });
  const loss = mean({ x: softmaxCrossEntropy({ logits, targets }) }, { axes: [0] });
  const hyper = graph.input("hyper", [8]);
  for (const [parameter, gradient] of gradients(
    loss,
    [...graph.kept.values()].filter((value) => value.trainable),
  )) {
    sgd({ parameter, gradient, momentum: graph.keep("state", `momentum.${parameter.name}`, parameter.shape), hyper });
  }
  graph.output("loss", loss);
  return graph;
}

/** The recipe's weights, smaller where scripts/fixtures/training-parity.py makes them smaller. */
function initial(graph: Graph): Map<string, Float32Array> {
  const tensors = stateDict(stateDictShapes(graph));
  for (const [name, values] of tensors) {
    const factor = /^(linear|classifier)/.test(name) ? 0.1 : name.endsWith("bn2.weight") ? 0.25 : 1;
    values.forEach((value, i) => {
      values[i] = value * factor;
    });
  }
  return tensors;
}

function makeBatch(which: number): { x: Float32Array; labels: Int32Array } {
  const labels = Int32Array.from(uniform(100 + which, batch), (value) => ((value + 1) / 2) * classes);
  const colours = uniform(120, classes * 3);
  const area = size * size;
  const pixels = uniform(110 + which, batch * 3 * area);
  for (let i = 0; i < pixels.length; i++) {
    const plane = Math.floor(i / area);
    pixels[i] += colours[labels[Math.floor(plane / 3)] * 3 + (plane % 3)];
  }
  return { x: toNhwc(pixels, [batch, 3, size, size]), labels };
}

test.each(Object.keys(fixture.losses))("%s learns as in PyTorch: the losses of 20 steps", async (name) => {
  const graph = await trainingStep(networks[name]);
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  const weights = initial(graph);
  await writeStateDict(session, graph, weights);
  const { lr, momentum, weight_decay: weightDecay } = fixture.sgd;
  const hyper = Float32Array.of(lr, momentum, weightDecay, 0, 1, 0, 0, 0);

  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await program.run({ ...makeBatch(step % batches), hyper })).loss[0]);

  const expected = fixture.losses[name].map(parseHexFloat);
  const error = Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i]) / expected[i]));
  console.log(`${name}: losses ${losses[0].toFixed(3)} to ${losses[steps - 1].toFixed(3)}, at most ${error.toExponential(1)} from PyTorch's`);
  expect(error).toBeLessThan(1e-3);
  expect(losses[steps - 1]).toBeLessThan(losses[0]);
  for (const { name: tensor, kind, file } of graph.kept.values()) {
    const after = await session.read(tensor);
    expect(after.every(Number.isFinite), tensor).toBe(true);
    if (kind !== "state") expect(after, `${tensor} moved`).not.toEqual(atOnce(toMemory(weights.get(tensor) as Float32Array, file)));
  }
  session.close();
});
