import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { updateRunning } from "../../src/ops/batch-norm.js";
import { mul } from "../../src/ops/mul.js";
import { relu } from "../../src/ops/relu.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { compile } from "../../src/plan/compile.js";
import { liveNodes } from "../../src/plan/passes.js";
import { writeEarly } from "../../src/plan/write-early.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

const names = (graph: Graph) => writeEarly(liveNodes(graph)).map(({ op }) => op.name);

test("a write moves to where its input is ready, behind earlier readers of what it writes and before later ones", () => {
  const graph = new Graph();
  const x = graph.input("x", [4]);
  const weight = graph.keep("parameter", "weight", [4]);
  const gradient = sigmoid({ x });
  const y = relu({ x });
  graph.output("y", y);
  updateRunning({ running: weight, batch: gradient });
  expect(names(graph)).toEqual(["sigmoid", "updateRunning", "relu"]);

  const reads = new Graph();
  const kept = reads.keep("parameter", "weight", [4]);
  const slope = sigmoid({ x: reads.input("x", [4]) });
  reads.output("y", relu({ x: mul({ a: slope, b: kept }) }));
  updateRunning({ running: kept, batch: slope });
  reads.output("later", mul({ a: kept, b: kept }));
  updateRunning({ running: kept, batch: slope }, { momentum: 0.5 });
  expect(names(reads)).toEqual(["sigmoid", "mul", "updateRunning", "relu", "mul", "updateRunning"]);
});

test("gradients go into their parameters one after another, unless a limit of their norm needs them all", async () => {
  const network = await architecture("resnet18");
  const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
  const arena = (maxNorm: number) => compile(trainingGraph(network, 10, [1, 64, 64, 3], { ...settings, maxNorm })).arenaBytes;
  expect(arena(0)).toBeLessThan(0.5 * arena(1));
});
