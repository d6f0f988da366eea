import { describe, expect, test } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { ShapeError, UnsupportedOpError } from "../../src/core/errors.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { defineOp } from "../../src/graph/op.js";
import { add } from "../../src/ops/add.js";
import { concat } from "../../src/ops/concat.js";
import { mul } from "../../src/ops/mul.js";
import { relu } from "../../src/ops/relu.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { sum } from "../../src/ops/sum.js";
import { Session } from "../../src/runtime/session.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

async function run(graph: Graph, inputs: Record<string, Float32Array>): Promise<Record<string, Float32Array>> {
  const session = await Session.open({ build: "simd", inline: true });
  const outputs = await (await session.prepare(graph)).run(inputs);
  session.close();
  return outputs;
}

test("a value that is read several times gets the sum of what comes back from each reader", async () => {
  const graph = new Graph();
  const x = graph.input("x", [3]);
  const square = mul({ a: x, b: x });
  const y = sum({ x: add({ a: mul({ a: square, b: x }), b: add({ a: square, b: x }) }) }, { axes: [0] });
  graph.output("dx", gradients(y, [x]).get(x) as Value);
  const { dx } = await run(graph, { x: Float32Array.of(1, -2, 3) });
  expect([...dx]).toEqual([1, -2, 3].map((v) => 3 * v * v + 2 * v + 1));
});

test("one op may read the same value twice, and dy need not be 1", async () => {
  const graph = new Graph();
  const x = graph.input("x", [3]);
  const y = concat([x, mul({ a: x, b: x }), x], { axis: 0 });
  graph.output("dx", gradients(y, [x], graph.input("dy", [9])).get(x) as Value);
  const { dx } = await run(graph, { x: Float32Array.of(1, 2, 3), dy: Float32Array.of(1, 2, 3, 10, 20, 30, 100, 200, 300) });
  expect([...dx]).toEqual([101 + 20, 202 + 80, 303 + 180]);
});

describe("only what is wanted is computed", () => {
  /** Nodes of a resnet20 training step in which the parameters of these names learn. */
  const nodes = async (trainable: (name: string) => boolean) => {
    const graph = trainingGraph(await architecture("resnet20"), 3, [2, 8, 8, 3], {
      optimizer: "sgd",
      nesterov: false,
      labelSmoothing: 0,
      maxNorm: 0,
      batchNorm: "frozen",
      from: "images",
      groupOf: (name) => (trainable(name) ? 0 : -1),
    });
    const count = (part: string) => graph.nodes.filter(({ op }) => op.name.toLowerCase().includes(part)).length;
    return {
      all: graph.nodes.length,
      convolutionGradients: count("conv2dbackward"),
      steps: count("sgd"),
      scopes: new Set(graph.nodes.map(({ scope }) => scope)),
    };
  };

  test("no backward node below the lowest layer that learns", async () => {
    const forward = (await nodes(() => false)).all;
    const head = await nodes((name) => name.startsWith("linear"));
    const last = await nodes((name) => name.startsWith("linear") || name === "layer3.2.conv2.weight");
    const all = await nodes(() => true);
    expect(head.convolutionGradients).toBe(0);
    expect(head.steps).toBe(2);
    expect(head.all - forward).toBeLessThan(10);
    expect(last.convolutionGradients).toBe(1);
    expect(last.steps).toBe(3);
    expect(all.convolutionGradients).toBe(19 * 2 - 1);
    expect(all.steps).toBe(19 * 3 + 2);
  });

  test("a wanted value that y does not depend on is not in the map", () => {
    const graph = new Graph();
    const [x, other] = [graph.input("x", [2]), graph.input("other", [2])];
    const found = gradients(sum({ x }, { axes: [0] }), [x, other]);
    expect([...found.keys()]).toEqual([x]);
  });
});

describe("errors", () => {
  const stubborn = defineOp({ name: "stubborn", summary: "Has no gradient.", inputs: ["x"], attributes: {}, shape: ({ x }) => x, lower() {} });
  const wrong = defineOp({
    name: "wrong",
    summary: "Has a gradient of the wrong shape.",
    inputs: ["x"],
    attributes: {},
    shape: ({ x }) => x,
    lower() {},
    gradient: { x: ({ dy }): Value => sum({ x: dy }, { axes: [0], keepDims: true }) },
  });

  test("an op without a rule says so and where, but only if its gradient is needed", () => {
    const graph = new Graph();
    const [x, w] = [graph.input("x", [2]), graph.input("w", [2])];
    graph.scope = "features.1";
    const y = sum({ x: mul({ a: stubborn({ x: sigmoid({ x }) }), b: w }) }, { axes: [0] });
    expect(() => gradients(y, [x])).toThrow(UnsupportedOpError);
    expect(() => gradients(y, [x])).toThrow('stubborn: no gradient for input "x" at features.1');
    expect(gradients(y, [w]).has(w)).toBe(true);
  });

  test("y must be one number unless dy is given, in y's shape; a rule must give its input's shape", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    expect(() => gradients(relu({ x }), [x])).toThrow(ShapeError);
    expect(() => gradients(relu({ x }), [x], graph.input("dy", [3]))).toThrow("gradients: dy is [3], expected y's shape [2]");
    expect(() => gradients(sum({ x: wrong({ x }) }, { axes: [0] }), [x])).toThrow('wrong: gradient of "x" is [1], expected [2]');
  });
});
