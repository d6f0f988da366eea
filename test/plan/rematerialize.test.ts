import { describe, expect, test } from "vitest";
import { atOnce } from "../../src/core/slices.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import { mul } from "../../src/ops/mul.js";
import { relu } from "../../src/ops/relu.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { tanh } from "../../src/ops/tanh.js";
import { compile } from "../../src/plan/compile.js";
import { fuse, liveNodes } from "../../src/plan/passes.js";
import { rematerialize } from "../../src/plan/rematerialize.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";
import { type Data, runGraph } from "../harness/run-kernels.js";

const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, from: "images", groupOf: () => 0 } as const;

async function step(name: string, batchNorm: "train" | "frozen", [batch, side]: readonly [number, number]): Promise<Graph> {
  const built = await architecture(name);
  return trainingGraph(built, 10, [batch, side, side, built.channels], { ...settings, batchNorm });
}

/** Loss and all kept tensors after one step. */
async function run(graph: Graph): Promise<Data[]> {
  const random = new Random(5);
  const feeds = new Map<Value, Data>();
  for (const value of graph.inputs.values()) {
    const draw = value.name === "x" ? () => random.normal() : () => (value.name.startsWith("hyper") ? 0.1 : 0);
    feeds.set(value, value.dtype === "int32" ? new Int32Array(sizeOf(value.shape)) : Float32Array.from({ length: sizeOf(value.shape) }, draw));
  }
  for (const value of graph.kept.values()) feeds.set(value, atOnce(initialValues(value, 1)));
  return runGraph(graph, feeds, [graph.outputs.get("loss") as Value, ...graph.kept.values()], { build: "simd" });
}

describe.each([
  ["mobilenetv3_small_100", "train"],
  ["mobilenet_v2", "frozen"],
  ["resnet20", "train"],
] as const)("%s with batch norm %s", (name, batchNorm) => {
  test("takes less memory for the same bits", async () => {
    const large = await step(name, batchNorm, [8, 64]);
    expect(compile(large).arenaBytes).toBeLessThan(0.8 * compile(large, { recompute: false }).arenaBytes);
    const fused = fuse(await step(name, batchNorm, [2, 32]));
    const [expected, found] = [await run(fused), await run(atOnce(rematerialize(fused)))];
    expect(Number.isFinite(expected[0][0])).toBe(true);
    found.forEach((data, i) => expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(expected[i].buffer))).toBe(0));
  });
});

/** y = sigmoid(x), read at once and again after `between` other nodes, the second time together with `beside`. */
function twoReaders(between: number, beside: (x: Value) => Value): Graph {
  const graph = new Graph();
  const x = graph.input("x", [4]);
  const y = sigmoid({ x });
  let chain = relu({ x: y });
  for (let i = 0; i < between; i++) chain = tanh({ x: chain });
  graph.output("chain", chain);
  graph.output("late", mul({ a: y, b: beside(x) }));
  return graph;
}

const sigmoids = (graph: Graph) => liveNodes(atOnce(rematerialize(graph))).filter(({ op }) => op.name === "sigmoid").length;

test("makes a value twice only for far readers, and only of what is alive there", () => {
  const itself = (x: Value) => x;
  const another = (x: Value) => x.graph.input("other", [4]);
  expect(sigmoids(twoReaders(20, itself))).toBe(2);
  expect(sigmoids(twoReaders(3, itself))).toBe(1);
  expect(sigmoids(twoReaders(20, another))).toBe(1);
});
