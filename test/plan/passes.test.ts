import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { batchNormFrozen } from "../../src/ops/batch-norm.js";
import { clip } from "../../src/ops/clip.js";
import { conv2d } from "../../src/ops/conv2d.js";
import { dense } from "../../src/ops/dense.js";
import { depthwiseConv2d } from "../../src/ops/depthwise.js";
import { normScale, normShift } from "../../src/ops/fold-norm.js";
import { mean } from "../../src/ops/mean.js";
import { relu } from "../../src/ops/relu.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { fuse, liveNodes } from "../../src/plan/passes.js";
import { Session } from "../../src/runtime/session.js";

type Product = "conv2d" | "depthwiseConv2d" | "dense";
const channels = 6;

/** A product, the norm after it and an activation after that; with `spoken` every value is an output, which keeps them apart. */
function network(product: Product, { bias = false, activation = relu as (inputs: { x: Value }) => Value, spoken = false } = {}): Graph {
  const graph = new Graph();
  const x = graph.input("x", product === "dense" ? [3, channels] : [2, 5, 5, channels]);
  const shape = { conv2d: [3, 3, channels, channels], depthwiseConv2d: [3, 3, 1, channels], dense: [channels, channels] }[product];
  const weight = graph.keep("parameter", "weight", shape);
  const inputs = { x, weight, bias: bias ? graph.keep("parameter", "bias", [channels]) : undefined };
  const y = product === "dense" ? dense(inputs) : (product === "conv2d" ? conv2d : depthwiseConv2d)(inputs, { padding: [1, 1, 1, 1] });
  const norm = batchNormFrozen({ x: y, ...normTensors(graph) }, { epsilon: 1e-3 });
  if (spoken) for (const [name, value] of Object.entries({ product: y, norm })) graph.output(name, value);
  graph.output("y", activation({ x: norm }));
  return graph;
}

function normTensors(graph: Graph): Record<string, Value> {
  const tensor = (kind: "parameter" | "buffer", name: string) => graph.keep(kind, name, [channels]);
  return { weight: tensor("parameter", "gamma"), bias: tensor("parameter", "beta"), mean: tensor("buffer", "mean"), variance: tensor("buffer", "variance") };
}

async function run(graph: Graph): Promise<Record<string, Float32Array>> {
  const session = await Session.open({ build: "simd", inline: true });
  const program = await session.prepare(graph);
  for (const { name, shape } of session.keptValues()) {
    const random = new Random(3, name.length);
    await session.write(
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => (name === "variance" ? random.uniform(0.2, 3) : random.normal())),
    );
  }
  const random = new Random(4);
  const inputs = Object.fromEntries([...graph.inputs].map(([name, { shape }]) => [name, Float32Array.from({ length: sizeOf(shape) }, () => random.normal())]));
  const outputs = await program.run(inputs);
  session.close();
  return outputs;
}

const names = (graph: Graph) => liveNodes(graph).map(({ op }) => op.name);

describe.each<Product>(["conv2d", "depthwiseConv2d", "dense"])("%s", (product) => {
  test.each([false, true])("folds the norm into its weights and the ReLU into its store (bias: %s)", async (bias) => {
    const folded = fuse(network(product, { bias }));
    expect(names(folded).sort()).toEqual([product, "mul", normScale.name, normShift.name].sort());
    const [node] = liveNodes(folded).filter(({ op }) => op.name === product);
    expect(node.attributes.low).toBe(0);

    const apart = network(product, { bias, spoken: true });
    expect(names(fuse(apart))).toEqual([product, "batchNormFrozen", "relu"]);
    const { y } = await run(network(product, { bias }));
    const expected = await run(apart);
    const largest = expected.norm.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    y.forEach((value, i) => expect(Math.abs(value - expected.y[i])).toBeLessThan(1e-5 * largest));
    expect(y.some((value) => value > 0)).toBe(true);
  });

  test("folds a clip with its bounds, and stops at other activations", () => {
    const clipped = fuse(network(product, { activation: (inputs) => clip(inputs, { low: -1, high: 6 }) }));
    expect(liveNodes(clipped).find(({ op }) => op.name === product)?.attributes).toMatchObject({ low: -1, high: 6 });
    expect(names(fuse(network(product, { activation: sigmoid })))).toContain("sigmoid");
  });
});

test("a norm stays where its input is read elsewhere: the gradient of a norm that learns", () => {
  const step = (trainable: boolean) => {
    const graph = network("conv2d");
    const { tensors } = liveNodes(graph)[1];
    const wanted = trainable ? [tensors.weight, tensors.bias] : [graph.kept.get("weight") as Value];
    for (const [value, slope] of gradients(mean({ x: graph.outputs.get("y") as Value }, { axes: [0, 1, 2, 3] }), wanted)) graph.output(`d${value.name}`, slope);
    return names(fuse(graph));
  };
  expect(step(true)).toContain("batchNormFrozen");
  expect(step(true)).not.toContain(normShift.name);
  expect(step(false)).toContain(normShift.name);
});

test("nodes that nothing needs are left out", () => {
  const graph = new Graph();
  const y = conv2d({ x: graph.input("x", [1, 4, 4, channels]), weight: graph.keep("parameter", "weight", [1, 1, channels, channels]) });
  sigmoid({ x: y });
  graph.output("y", relu({ x: batchNormFrozen({ x: y, ...normTensors(graph) }) }));
  expect(names(fuse(graph))).not.toContain("sigmoid");
  expect(fuse(graph).nodes.some(({ op }) => op.name === "sigmoid")).toBe(false);
  expect(names(fuse(graph))).toContain(normShift.name);
});
