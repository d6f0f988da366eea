import { atOnce } from "../../src/core/slices.js";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph } from "../../src/graph/graph.js";
import { toMemory } from "../../src/model/layout.js";
import { Scope } from "../../src/nn/scope.js";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { oneHot, softmaxCrossEntropy } from "../../src/ops/cross-entropy.js";
import { mean } from "../../src/ops/mean.js";
import { sgd } from "../../src/ops/sgd.js";
import { Session } from "../../src/runtime/session.js";
import { madeNetwork, type Made } from "./attention-networks.js";
import { writeStateDict } from "./build.js";
import { parseHexFloat, stateDict, toNhwc, uniform } from "./recipe.js";

interface Training extends Made {
  readonly size: number;
  readonly losses: string[];
}
interface Fixture {
  readonly classes: number;
  readonly sgd: { lr: number; momentum: number; weight_decay: number };
  readonly training: Training[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-attention.json", import.meta.url), "utf8"));
const batch = 4;

/** One step of SGD with momentum as a graph: the loss of a batch, and the update of every parameter. */
function trainingStep(entry: Training): Graph {
  const graph = new Graph();
  const net = new Scope(graph, { training: true });
  const network = madeNetwork(entry);
  const x = graph.input("x", [batch, entry.size, entry.size, 3]);
  const logits = network.head(net, network.backbone(net, x), fixture.classes);
  const targets = oneHot({ labels: graph.input("labels", [batch], "int32") }, { classes: fixture.classes });
  const loss = mean({ x: softmaxCrossEntropy({ logits, targets }) }, { axes: [0] });
  const hyper = graph.input("hyper", [8]);
  const parameters = [...graph.kept.values()].filter((value) => value.trainable);
  for (const [parameter, gradient] of gradients(loss, parameters)) {
    sgd({ parameter, gradient, momentum: graph.keep("state", `momentum.${parameter.name}`, parameter.shape), hyper });
  }
  graph.output("loss", loss);
  return graph;
}

test.each(fixture.training.map((entry) => [`${entry.library} ${entry.family}`, entry] as const))("%s learns as in PyTorch", async (title, entry) => {
  const graph = trainingStep(entry);
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  const weights = stateDict(stateDictShapes(graph));
  await writeStateDict(session, graph, weights);
  const { lr, momentum, weight_decay: weightDecay } = fixture.sgd;
  const run = {
    x: toNhwc(uniform(1, batch * 3 * entry.size * entry.size), [batch, 3, entry.size, entry.size]),
    labels: Int32Array.from({ length: batch }, (_, i) => i),
    hyper: Float32Array.of(lr, momentum, weightDecay, 0, 1, 0, 0, 0),
  };
  const expected = entry.losses.map(parseHexFloat);
  const losses: number[] = [];
  for (const _ of expected) losses.push((await program.run(run)).loss[0]);

  const error = Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i]) / expected[i]));
  console.log(`${title}: losses ${losses[0].toFixed(3)} to ${losses.at(-1)?.toFixed(3)}, at most ${error.toExponential(1)} from PyTorch's`);
  expect(error).toBeLessThan(1e-3);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  for (const [name, values] of weights) {
    const after = await session.read(name);
    expect(after.every(Number.isFinite), name).toBe(true);
    expect(after, `${name} moved`).not.toEqual(atOnce(toMemory(values, graph.kept.get(name)?.file)));
  }
  session.close();
});
