import { atOnce } from "../../src/core/slices.js";
import { describe, expect, test } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.js";
import { toMemory } from "../../src/model/layout.js";
import { convNormAct, dropout, squeezeExcite } from "../../src/nn/blocks.js";
import { conv, paddingOf, samePadding } from "../../src/nn/convolution.js";
import { kaimingNormalGroupOut, kaimingNormalOut, kaimingUniformIn, pytorchDefault } from "../../src/nn/initializers.js";
import { linear, linearAfterFlatten } from "../../src/nn/linear.js";
import { batchNorm } from "../../src/nn/norm.js";
import { Scope, type ScopeOptions } from "../../src/nn/scope.js";
import { Session } from "../../src/runtime/session.js";
import { uniform } from "../zoo/recipe.js";

function start(shape: number[], options?: ScopeOptions): { graph: Graph; net: Scope; x: Value } {
  const graph = new Graph();
  return { graph, net: new Scope(graph, options), x: graph.input("x", shape) };
}

/** Runs a graph once after its kept tensors are written. */
async function run(
  graph: Graph,
  kept: Record<string, Float32Array>,
  x: Float32Array,
): Promise<{ outputs: Record<string, Float32Array>; read: (name: string) => Promise<Float32Array>; session: Session }> {
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  for (const [name, data] of Object.entries(kept)) await session.write(name, data);
  return { outputs: await program.run({ x }), read: (name) => session.read(name), session };
}

describe("convolution", () => {
  // TensorFlow's figures: tf.nn "same" for 224 and 225 pixels.
  test.each([
    [224, 3, 2, 1, [0, 1]],
    [225, 3, 2, 1, [1, 1]],
    [112, 3, 1, 1, [1, 1]],
    [224, 7, 2, 1, [2, 3]],
    [7, 1, 2, 1, [0, 0]],
    [9, 3, 1, 2, [2, 2]],
  ])("SAME of %i pixels, kernel %i, stride %i, dilation %i", (size, kernel, stride, dilation, sides) => {
    expect(samePadding(size, kernel, stride, dilation)).toEqual(sides);
  });

  test("padding of each side", () => {
    const { x } = start([1, 224, 225, 3]);
    expect(paddingOf("same", x, [3, 3], 2, 1)).toEqual([0, 1, 1, 1]);
    expect(paddingOf("symmetric", x, [5, 5], 2, 2)).toEqual([4, 4, 4, 4]);
    expect(paddingOf("symmetric", x, [1, 7], 1, 1)).toEqual([0, 0, 3, 3]);
    expect(paddingOf(2, x, [3, 3], 1, 1)).toEqual([2, 2, 2, 2]);
    expect(paddingOf([1, 2, 3, 4], x, [3, 3], 1, 1)).toEqual([1, 2, 3, 4]);
  });

  test("weights have PyTorch's shape in files and the kernels' in memory", () => {
    const { graph, net, x } = start([2, 8, 8, 6]);
    expect(conv(net.at("a"), x, { channels: 4, kernel: 3, groups: 2, stride: 2, padding: 1 }).shape).toEqual([2, 4, 4, 4]);
    conv(net.at("b"), x, { channels: 6, kernel: 5, groups: 6, bias: false });
    conv(net.at("c"), x, { channels: 4, kernel: [1, 7], bias: false, padding: "symmetric" });
    expect(graph.kept.get("a.weight")).toMatchObject({ shape: [3, 3, 3, 4], file: { shape: [4, 3, 3, 3] } });
    expect(graph.kept.get("b.weight")).toMatchObject({ shape: [5, 5, 1, 6], file: { shape: [6, 1, 5, 5] } });
    expect(graph.kept.get("c.weight")).toMatchObject({ shape: [1, 7, 6, 4], file: { shape: [4, 6, 1, 7] } });
    expect([...graph.kept.keys()]).toEqual(["a.weight", "a.bias", "b.weight", "c.weight"]);
    expect(graph.nodes.map((node) => [node.op.name, node.scope])).toEqual([
      ["conv2d", "a"],
      ["depthwiseConv2d", "b"],
      ["conv2d", "c"],
    ]);
  });

  test("what does not fit is said with the place", () => {
    const { net, x } = start([2, 8, 8, 6]);
    expect(() => conv(net.at("layer1.0").at("conv1"), x, { channels: 4, kernel: 3, groups: 4 })).toThrow(
      "4 groups divide neither 6 input nor 4 output channels evenly at layer1.0.conv1",
    );
    expect(() => conv(net.at("stem"), start([2, 6]).x, { channels: 4, kernel: 3 })).toThrow("conv: expected x [N,H,W,C], got [2,6] at stem");
  });
});

describe("linear", () => {
  test("after flatten counts its inputs as PyTorch does", async () => {
    const { graph, net, x } = start([2, 2, 3, 4]);
    graph.output("y", linearAfterFlatten(net.at("fc"), x, { features: 5 }));
    const value = graph.kept.get("fc.weight") as Value;
    expect(value).toMatchObject({ shape: [24, 5], file: { shape: [5, 24] } });
    const weight = new Float32Array(uniform(1, 120));
    const bias = new Float32Array(uniform(2, 5));
    const input = new Float32Array(uniform(3, 48));
    const { outputs, session } = await run(graph, { "fc.weight": atOnce(toMemory(weight, value.file)), "fc.bias": bias }, input);
    session.close();
    for (let n = 0; n < 2; n++) {
      for (let o = 0; o < 5; o++) {
        let sum = bias[o];
        for (let h = 0; h < 2; h++)
          for (let w = 0; w < 3; w++) for (let c = 0; c < 4; c++) sum += input[((n * 2 + h) * 3 + w) * 4 + c] * weight[o * 24 + (c * 2 + h) * 3 + w];
        expect(outputs.y[n * 5 + o]).toBeCloseTo(sum, 5);
      }
    }
  });

  test("may be a 1x1 convolution in files", () => {
    const { graph, net, x } = start([2, 6]);
    linear(net.at("conv_head"), x, { features: 5, convolution: true });
    expect(graph.kept.get("conv_head.weight")).toMatchObject({ shape: [6, 5], file: { shape: [5, 6, 1, 1], view: [5, 6], order: [1, 0] } });
  });
});

describe("batch norm", () => {
  const input = new Float32Array(uniform(4, 3 * 2 * 2 * 5)).map((value) => value * 2 + 1);
  const kept = {
    "bn.weight": new Float32Array(5).fill(1),
    "bn.bias": new Float32Array(5),
    "bn.running_mean": new Float32Array(5).fill(0.5),
    "bn.running_var": new Float32Array(5).fill(2),
  };

  test("running statistics follow, the variance unbiased", async () => {
    const { graph, net, x } = start([3, 2, 2, 5], { training: true });
    graph.output("y", batchNorm(net.with({ momentum: 0.25 }).at("bn"), x));
    const { read, session } = await run(graph, kept, input);
    const [mean, variance] = [await read("bn.running_mean"), await read("bn.running_var")];
    session.close();
    for (let c = 0; c < 5; c++) {
      const values = [...input].filter((_, i) => i % 5 === c);
      const average = values.reduce((sum, value) => sum + value) / 12;
      const unbiased = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 11;
      expect(mean[c]).toBeCloseTo(0.75 * 0.5 + 0.25 * average, 5);
      expect(variance[c]).toBeCloseTo(0.75 * 2 + 0.25 * unbiased, 5);
    }
  });

  test.each([{}, { training: true, batchNorm: "frozen" as const }])("stored statistics are used and stay with %o", async (options) => {
    const { graph, net, x } = start([3, 2, 2, 5], options);
    graph.output("y", batchNorm(net.with({ epsilon: 2 }).at("bn"), x));
    const { outputs, read, session } = await run(graph, kept, input);
    expect(await read("bn.running_mean")).toEqual(kept["bn.running_mean"]);
    session.close();
    outputs.y.forEach((value, i) => {
      expect(value).toBeCloseTo((input[i] - 0.5) / 2, 5);
    });
  });

  test("one value per channel has no variance to train on", () => {
    const { net, x } = start([1, 1, 1, 5], { training: true });
    expect(() => batchNorm(net.at("bn"), x)).toThrow("batchNorm: expected more than 1 value per channel when training, got x [1,1,1,5] at bn");
  });
});

describe("scope", () => {
  test("says which parameters learn, by their checkpoint names", () => {
    const { graph, net, x } = start([1, 4, 4, 3], { trainable: (name) => name.startsWith("head.") });
    linear(net.at("head"), convNormAct(net.with({ rename: (name) => `old.${name}` }).at("stem"), x, { channels: 8, kernel: 3, activation: "relu" }), {
      features: 2,
    });
    expect([...graph.kept.values()].map(({ name, kind, trainable }) => `${name} ${kind} ${trainable}`)).toEqual([
      "old.stem.0.weight parameter false",
      "old.stem.1.weight parameter false",
      "old.stem.1.bias parameter false",
      "old.stem.1.running_mean buffer false",
      "old.stem.1.running_var buffer false",
      "head.weight parameter true",
      "head.bias parameter true",
    ]);
  });

  test("dropout needs training and a random input, and each layer has its own stream", () => {
    const { graph, x } = start([2, 6]);
    const random = graph.input("random", [4], "int32");
    expect(dropout(new Scope(graph, { random }), x, 0.5)).toBe(x);
    expect(dropout(new Scope(graph, { training: true }), x, 0.5)).toBe(x);
    const net = new Scope(graph, { training: true, random });
    expect(dropout(net, x, 0)).toBe(x);
    dropout(net.at("b"), dropout(net.at("a"), x, 0.5), 0.25);
    expect(graph.nodes.map((node) => node.attributes)).toMatchObject([
      { p: 0.5, stream: 0 },
      { p: 0.25, stream: 1 },
    ]);
  });
});

test("squeeze-and-excitation keeps the shape and names its layers", () => {
  const { graph, net, x } = start([2, 4, 4, 16]);
  expect(squeezeExcite(net.at("se"), x, { channels: 8, names: ["fc1", "fc2"] }).shape).toEqual([2, 4, 4, 16]);
  expect([...graph.kept.values()].map(({ name, file, shape }) => [name, file?.shape ?? shape])).toEqual([
    ["se.fc1.weight", [8, 16, 1, 1]],
    ["se.fc1.bias", [8]],
    ["se.fc2.weight", [16, 8, 1, 1]],
    ["se.fc2.bias", [16]],
  ]);
});

test("initialisers have PyTorch's bounds", () => {
  // Conv2d(16, 32, 3, groups=4): fan in 4 * 9, fan out 32 * 9.
  const fan = { in: 36, out: 288, groups: 4 };
  expect(pytorchDefault(fan)).toEqual({ kind: "uniform", bound: 1 / 6 });
  expect(kaimingUniformIn(fan)).toEqual({ kind: "uniform", bound: Math.sqrt(1 / 6) });
  expect(kaimingNormalOut(fan)).toEqual({ kind: "normal", std: Math.sqrt(2 / 288) });
  expect(kaimingNormalGroupOut(fan)).toEqual({ kind: "normal", std: Math.sqrt(2 / 72) });
});
