import { describe, expect, test } from "vitest";
import { gradients } from "../../../src/autograd/index.js";
import { FormatError, UnsupportedOpError } from "../../../src/core/errors.js";
import { atOnce } from "../../../src/core/slices.js";
import type { Shape } from "../../../src/core/shape.js";
import { buildOnnx, computed, isKnown } from "../../../src/formats/onnx/build/index.js";
import { type Constant, constant, integers } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import type { OnnxModel, OnnxNode } from "../../../src/formats/onnx/read-model.js";
import { Graph, type Value } from "../../../src/graph/graph.js";
import { toFile } from "../../../src/model/layout.js";
import { Scope } from "../../../src/nn/scope.js";
import { mul } from "../../../src/ops/mul.js";
import { sum } from "../../../src/ops/sum.js";
import { compile } from "../../../src/plan/compile.js";
import { fuse } from "../../../src/plan/passes.js";
import { quantizeGraph } from "../../../src/plan/quantize.js";
import { Session } from "../../../src/runtime/session.js";
import { built, difference, graphOf, imageOrder, inMemory, node, numbers } from "./graph.js";
import { rowByRow, writeWeights } from "./run-built.js";

const image = [2, 4, 5, 3];
const ops = (model: OnnxModel, shape: Shape = image) => {
  const { graph } = built(model, shape, { order: shape.length === 4 ? imageOrder : undefined });
  return graph.nodes.map(({ op, attributes }) => (op.name === "map" || op.name === "combine" ? `${op.name} ${attributes.fn}` : op.name));
};
const calls = (model: OnnxModel, shape: Shape = image) => compile(built(model, shape, { order: imageOrder }).graph).calls.map(({ kernel }) => kernel);
const scalar = (value: number) => constant("float32", [], [value]);

/** Convolution, norm, activation, pool and classifier. */
const cnn = graphOf(
  [
    node("Conv", "x conv.weight conv.bias", "a", { pads: [1, 1, 1, 1] }),
    node("BatchNormalization", "a bn.weight bn.bias bn.running_mean bn.running_var", "b", { epsilon: 1e-3, momentum: 0.75 }),
    node("Relu", "b", "c"),
    node("MaxPool", "c", "d", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Flatten", "d", "e"),
    node("Dropout", "e", "f"),
    node("Gemm", "f fc.weight fc.bias", "y", { transB: 1 }),
  ],
  {
    "conv.weight": numbers([3, 4, 3, 3], 1),
    "conv.bias": numbers([3], 2),
    "bn.weight": numbers([3], 3),
    "bn.bias": numbers([3], 4),
    "bn.running_mean": numbers([3], 5),
    "bn.running_var": constant("float32", [3], [0.5, 1, 2]),
    "fc.weight": numbers([6, 6], 6),
    "fc.bias": numbers([6], 7),
  },
);

describe("kept tensors", () => {
  test("are initializers under their names; their layouts lead back to the file", () => {
    const { graph, weights } = built(cnn, image, { order: imageOrder });
    expect([...graph.kept.keys()]).toEqual([...cnn.initializers.keys()]);
    expect([...weights.keys()].sort()).toEqual([...cnn.initializers.keys()].sort());
    const kinds = [...graph.kept.values()].filter(({ kind }) => kind === "buffer").map(({ name }) => name);
    expect(kinds).toEqual(["bn.running_mean", "bn.running_var"]);
    expect(graph.kept.get("conv.weight")?.shape).toEqual([3, 3, 4, 3]);
    expect(graph.kept.get("fc.weight")?.shape).toEqual([6, 6]);
    for (const { name, file } of graph.kept.values()) {
      const { shape, data } = cnn.initializers.get(name)?.decode() as Constant;
      expect(file?.shape).toEqual(shape);
      const there = inMemory({ type: "float32", shape: file?.view ?? [], data }, file?.order ?? []);
      expect([...atOnce(toFile(there, file))]).toEqual([...data]);
    }
  });

  test("give what the evaluator gives", async () => {
    expect(await difference(cnn, numbers(image, 8), imageOrder)).toBeLessThan(1e-6);
  });

  test("that two nodes want in two layouts are one, moved for the second", async () => {
    const nodes = [node("Conv", "x w", "a"), node("Reshape", "w matrix", "m"), node("Flatten", "a", "b"), node("MatMul", "b m", "c"), node("Mul", "c s", "y")];
    const model = graphOf(nodes, { w: numbers([4, 4, 1, 1]), matrix: integers([4, 4]), s: numbers([4], 3) });
    const { graph } = built(model, [2, 4, 1, 1], { order: imageOrder });
    expect([...graph.kept.keys()]).toEqual(["w", "s"]);
    expect(await difference(model, numbers([2, 4, 1, 1]), imageOrder)).toBeLessThan(1e-6);
  });

  test("constants of weights are parameters of their own, numbers of the graph are not", () => {
    const model = graphOf(
      [
        node("DequantizeLinear", "q scale", "w"),
        node("Conv", "x w", "a"),
        node("Constant", "", "shift", { value: { ...numbers([1, 2, 1, 1]), decode: () => numbers([1, 2, 1, 1]) } }),
        node("Add", "a shift", "b"),
        node("Mul", "b gamma", "y"),
      ],
      { q: constant("int8", [2, 4, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]), scale: scalar(0.5), gamma: numbers([2, 1, 1]) },
    );
    const { graph, weights } = built(model, image, { order: imageOrder });
    expect([...graph.kept.values()].map(({ kind, name, shape }) => [kind, kind === "constant" ? "" : name, shape])).toEqual([
      ["parameter", "w", [1, 1, 4, 2]],
      ["constant", "", [2]],
      ["parameter", "gamma", [2]],
    ]);
    expect([...(weights.get("w")?.decode().data ?? [])]).toEqual([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]);
  });

  test("a class token that is stretched to the batch stays a parameter", async () => {
    const model = graphOf(
      [
        node("Shape", "x", "s", { start: 0, end: 1 }),
        node("Concat", "s rest", "t", { axis: 0 }),
        node("Expand", "token t", "tokens"),
        node("Concat", "tokens x", "y", { axis: 1 }),
      ],
      { token: numbers([1, 1, 3]), rest: integers([-1, -1].map(() => 1)) },
    );
    const { graph } = built(model, [2, 4, 3]);
    expect([...graph.kept.values()].map(({ kind, name }) => [kind, name])).toEqual([["parameter", "token"]]);
    expect(await difference(model, numbers([2, 4, 3]))).toBe(0);
  });

  test("half floats are parameters of float32", () => {
    const model = graphOf([node("Mul", "x w", "y")], { w: numbers([3], 1, "float16") });
    const { graph, weights } = built(model, [2, 3]);
    expect(graph.kept.get("w")?.dtype).toBe("float32");
    expect(weights.get("w")?.type).toBe("float16");
  });
});

describe("operators become ops of their own", () => {
  test("activations that exporters write in parts", () => {
    expect(ops(graphOf([node("Sigmoid", "x", "s"), node("Mul", "s x", "y")]))).toContain("silu");
    expect(ops(graphOf([node("HardSigmoid", "x", "s", { alpha: 1 / 6 }), node("Mul", "x s", "y")]))).toContain("hardSwish");
    const parts = { root: scalar(Math.SQRT2), one: scalar(1), half: scalar(0.5) };
    const gate = [node("Div", "x root", "a"), node("Erf", "a", "b"), node("Add", "b one", "c")];
    const orders = [
      [node("Mul", "x c", "d"), node("Mul", "d half", "y")],
      [node("Mul", "x half", "d"), node("Mul", "d c", "y")],
      [node("Mul", "c half", "d"), node("Mul", "x d", "y")],
    ];
    for (const order of orders) expect(ops(graphOf([...gate, ...order], parts))).toContain("gelu");
    expect(ops(graphOf([...gate, node("Mul", "x c", "y")], parts))).not.toContain("gelu");
  });

  test("a layer norm in parts, of channels wherever the file has them", async () => {
    const parts = [
      node("Transpose", "x", "t", { perm: [0, 2, 3, 1] }),
      node("ReduceMean", "t", "m", { axes: [-1] }),
      node("Sub", "t m", "d"),
      node("Pow", "d two", "p"),
      node("ReduceMean", "p", "v", { axes: [-1] }),
      node("Add", "v epsilon", "a"),
      node("Sqrt", "a", "s"),
      node("Div", "d s", "n"),
      node("Mul", "n w", "g"),
      node("Add", "g b", "y"),
    ];
    const model = graphOf(parts, { two: scalar(2), epsilon: scalar(1e-3), w: numbers([4], 2), b: numbers([4], 3) });
    const { nodes } = compile(built(model, image, { order: imageOrder }).graph);
    expect(nodes.map(({ op }) => op)).toEqual(["layerNorm"]);
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
    const other = graphOf(parts.with(3, node("Mul", "d t", "p")), { epsilon: scalar(1e-3), w: numbers([4], 2), b: numbers([4], 3) });
    expect(ops(other)).not.toContain("layerNorm");
  });

  describe("attention in parts", () => {
    const [count, tokens, channels, heads] = [2, 5, 12, 3];
    const depth = channels / heads;
    const sizes = { split: integers([0, tokens, heads, depth]), merged: integers([0, tokens, channels]), cut: integers([channels, channels, channels]) };
    const constants = {
      ...sizes,
      w: numbers([channels, 3 * channels], 2),
      three: integers([0, tokens, 3, heads, depth]),
      first: integers([0]),
      second: integers([1]),
      third: integers([2]),
      folded: integers([count * heads, tokens, depth]),
      unfolded: integers([count, heads, tokens, depth]),
      root: scalar(Math.sqrt(depth)),
      scale: scalar(1 / Math.sqrt(depth)),
      half: scalar(depth ** -0.25),
      bias: numbers([1, heads, tokens, tokens], 3),
    };
    const turn = { perm: [0, 2, 1, 3] };
    const ending = [node("Transpose", "o", "t", turn), node("Reshape", "t merged", "y")];
    const heads4 = (name: string, to: string) => [node("Reshape", `${name} split`, `${name}4`), node("Transpose", `${name}4`, to, turn)];
    const layer = [node("MatMul", "x w", "all")];
    const cut = [...layer, node("Split", "all cut", "a b c", { axis: 2 }), ...heads4("a", "q"), ...heads4("c", "v")];
    const keys = [node("Reshape", "b split", "b4"), node("Transpose", "b4", "k", { perm: [0, 2, 3, 1] })];
    const end = [node("Softmax", "s", "p", { axis: -1 }), node("MatMul", "p v", "o"), ...ending];
    const forms: Record<string, OnnxNode[]> = {
      "of one layer's queries, keys and values": [
        ...layer,
        node("Reshape", "all three", "five"),
        node("Transpose", "five", "turned", { perm: [2, 0, 3, 1, 4] }),
        ...["first q", "second keys", "third v"].flatMap((pair) => {
          const [index, name] = pair.split(" ");
          return [node("Gather", `turned ${index}`, `${name}1`, { axis: 0 }), node("Squeeze", `${name}1 first`, name)];
        }),
        node("Transpose", "keys", "k", { perm: [0, 1, 3, 2] }),
        node("Mul", "q scale", "qs"),
        node("MatMul", "qs k", "s"),
        ...end,
      ],
      "cut in three, divided afterwards": [...cut, ...keys, node("MatMul", "q k", "r"), node("Div", "r root", "s"), ...end],
      "both sides scaled": [...cut, ...keys, node("Mul", "q half", "qs"), node("Mul", "k half", "ks"), node("MatMul", "qs ks", "s"), ...end],
      "with a bias": [...cut, ...keys, node("Mul", "q scale", "qs"), node("MatMul", "qs k", "r"), node("Add", "r bias", "s"), ...end],
      "of images and heads as one axis": [
        ...cut,
        ...heads4("b", "k"),
        node("Mul", "q scale", "qs"),
        ...["qs", "k", "v"].map((name) => node("Reshape", `${name} folded`, `${name}3`)),
        node("Transpose", "k3", "kt", { perm: [0, 2, 1] }),
        node("MatMul", "qs3 kt", "s"),
        node("Softmax", "s", "p", { axis: -1 }),
        node("MatMul", "p v3", "o3"),
        node("Reshape", "o3 unfolded", "o"),
        ...ending,
      ],
    };

    test.each(Object.entries(forms))("%s", async (_, nodes) => {
      const model = graphOf(nodes, constants);
      const { nodes: left } = compile(built(model, [count, tokens, channels]).graph);
      expect(left.map(({ op }) => op).filter((op) => op !== "reshape")).toEqual(["dense", "attention"]);
      expect(await difference(model, numbers([count, tokens, channels]))).toBeLessThan(1e-5);
    });

    test("of layers that stand in another order is put side by side, of another scale left in parts", async () => {
      const swapped = [...cut, ...keys, node("Mul", "q scale", "qs"), node("MatMul", "qs k", "s"), ...end];
      const same = graphOf(
        swapped.map((each) => (each.outputs[0] === "a4" ? node("Reshape", "b split", "a4") : each)),
        constants,
      );
      expect(ops(same, [count, tokens, channels])).toContain("attention");
      expect(await difference(same, numbers([count, tokens, channels]))).toBeLessThan(1e-5);
      const other = graphOf([...cut, ...keys, node("MatMul", "q k", "s"), ...end], constants);
      expect(ops(other, [count, tokens, channels])).not.toContain("attention");
      expect(await difference(other, numbers([count, tokens, channels]))).toBeLessThan(1e-5);
    });
  });

  test("bounds and norms go into the convolution before them", () => {
    const kernels = calls(cnn);
    expect(kernels.filter((kernel) => /clip|norm/.test(kernel))).toEqual([]);
    const clipped = graphOf([node("Conv", "x w", "a"), node("Clip", "a low high", "y")], { w: numbers([4, 4, 1, 1]), low: scalar(0), high: scalar(6) });
    expect(calls(clipped).filter((kernel) => kernel.includes("clip"))).toEqual([]);
  });

  test("a number for each channel becomes the bias of the layer before it", async () => {
    const model = graphOf(
      [
        node("Conv", "x w", "a"),
        node("Add", "a b", "c"),
        node("Transpose", "c", "d", { perm: [0, 2, 3, 1] }),
        node("MatMul", "d m", "e"),
        node("Add", "n e", "f"),
        node("Add", "f n", "y"),
      ],
      { w: numbers([6, 4, 1, 1]), b: numbers([6, 1, 1], 2), m: numbers([6, 3], 3), n: numbers([3], 4) },
    );
    expect(compile(built(model, image, { order: imageOrder }).graph).nodes.map(({ op }) => op)).toEqual(["conv2d", "dense", "add"]);
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
  });

  test("shape arithmetic disappears", () => {
    const model = graphOf(
      [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", { axis: 0 }),
        node("Unsqueeze", "n axes", "u"),
        node("Concat", "u rest", "t", { axis: 0 }),
        node("Reshape", "x t", "y"),
      ],
      { zero: constant("int64", [], [0]), axes: integers([0]), rest: integers([-1]) },
    );
    expect(new Set(ops(model))).toEqual(new Set(["reshape", "transpose"]));
  });
});

test("a network whose weights are called anything is quantised", () => {
  const nodes = [node("Conv", "x a", "c"), node("Relu", "c", "r"), node("Conv", "r b", "y")];
  const { graph } = built(graphOf(nodes, { a: numbers([6, 4, 1, 1]), b: numbers([5, 6, 1, 1]) }), image, { order: imageOrder });
  const quantized = quantizeGraph(fuse(graph), { activation: () => ({ scale: 0.1, zeroPoint: 3 }) });
  expect([...quantized.kept.keys()].sort()).toEqual(["a", "a_bias", "a_scale", "b", "b_bias", "b_scale"]);
});

describe("what became an input was an attribute", () => {
  test.each<[number, string, string, Parameters<typeof node>[3]]>([
    [10, "Clip", "y", { min: -0.5, max: 0.25 }],
    [10, "Clip", "y", { min: 0.5, max: -0.25 }],
    [9, "Slice", "y", { starts: [1, 0], ends: [4, -1], axes: [1, 3] }],
    [10, "Pad", "y", { pads: [0, 1, 0, 2, 0, 0, 1, 0], value: 0.5 }],
    [11, "Softmax", "y", { axis: 1 }],
    [11, "Softmax", "y", {}],
    [11, "Unsqueeze", "y", { axes: [0, 5] }],
    [11, "Split", "a y", { axis: 1, split: [1, 3] }],
    [12, "ReduceSum", "y", { axes: [1, 3], keepdims: 0 }],
    [9, "TopK", "y i", { axis: 1, k: 2 }],
    [9, "Dropout", "y", { ratio: 0.3 }],
    [8, "Upsample", "y", { scales: [1, 1, 2, 3], mode: "nearest" }],
    [8, "Upsample", "y", { scales: [1, 1, 2, 1.5], mode: "linear" }],
  ])("opset %i: %s", async (opset, op, outputs, attributes) => {
    const [first] = outputs.split(" ");
    const model = graphOf([node(op, "x", outputs, attributes)], {}, { opset, outputs: op === "TopK" ? "y i" : first });
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
  });
});

describe("pools", () => {
  const pads = [1, 0, 0, 1];
  test.each<[string, Parameters<typeof node>[3]]>([
    ["AveragePool", { kernel_shape: [2, 2], dilations: [2, 1], pads, strides: [1, 2] }],
    ["AveragePool", { kernel_shape: [2, 2], dilations: [3, 1], pads, strides: [2, 2], ceil_mode: 1, count_include_pad: 1 }],
    ["AveragePool", { kernel_shape: [2, 2], dilations: [1, 2], strides: [2, 2], ceil_mode: 1 }],
    ["LpPool", { kernel_shape: [3, 2], pads, strides: [2, 2], ceil_mode: 1, p: 3 }],
    ["LpPool", { kernel_shape: [2, 2], dilations: [2, 2], p: 1 }],
    ["MaxPool", { kernel_shape: [2, 2], dilations: [3, 2], pads, ceil_mode: 1, strides: [2, 1] }],
    ["GlobalLpPool", { p: 3 }],
    ["GlobalMaxPool", {}],
  ])("%s %j", async (op, attributes) => {
    const model = graphOf([node(op, "x", "y", attributes)], {}, { opset: 19 });
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(2e-6);
  });

  test.each(["MaxPool", "AveragePool", "LpPool"])("%s along one axis and along three", async (op) => {
    const one = graphOf([node(op, "x", "y", { kernel_shape: [3], strides: [2], pads: [1, 1] })]);
    expect(await difference(one, numbers([2, 3, 9]))).toBeLessThan(2e-6);
    const three = graphOf([node(op, "x", "y", { kernel_shape: [2, 3, 2], strides: [1, 2, 1], pads: [0, 1, 1, 1, 1, 0] })]);
    expect(await difference(three, numbers([2, 3, 4, 5, 4]))).toBeLessThan(2e-6);
  });
});

/** The sum of y times fixed numbers, whose gradients are those of a network that is asked for `y`. */
function lossOf(y: Value): Value {
  const weights = y.graph.input("weights", y.shape);
  const product = mul({ a: y, b: weights });
  return sum({ x: product }, { axes: product.shape.map((_, axis) => axis) });
}

describe("training", () => {
  test.each(["train", "frozen"] as const)("gradients of a small network are those of differences, norms %s", async (batchNorm) => {
    const graph = new Graph();
    const x = computed(graph.input("x", [2, 5, 3, 4]), image, imageOrder);
    const random = graph.input("random", [4], "int32");
    const { outputs, weights } = buildOnnx(cnn, new Scope(graph, { training: true, batchNorm, random }), new Map([["x", x]]));
    const y = outputs.get("y");
    if (!y || isKnown(y)) throw new Error("no output");
    const loss = lossOf(rowByRow(y));
    graph.output("loss", loss);
    const parameters = [...graph.kept.values()].filter(({ trainable }) => trainable);
    for (const [parameter, gradient] of gradients(loss, parameters)) graph.output(parameter.name, gradient);
    expect(parameters.map(({ name }) => name)).toEqual(["conv.weight", "conv.bias", "bn.weight", "bn.bias", "fc.weight", "fc.bias"]);

    const session = await Session.open({ build: "simd", threads: 1, inline: true });
    const program = await session.prepare(graph);
    await writeWeights(session, { graph, weights });
    const feeds = { x: Float32Array.from(numbers([2, 5, 3, 4], 9).data), weights: Float32Array.from(numbers([2, 6], 10).data), random: new Int32Array(4) };
    const before = await session.read("bn.running_mean");
    const slopes = await program.run(feeds);
    for (const { name } of parameters) {
      const values = await session.read(name);
      const place = values.length >> 1;
      const step = 1e-2;
      const at = async (delta: number) => {
        await session.write(name, values.with(place, values[place] + delta));
        return (await program.run(feeds)).loss[0];
      };
      const slope = ((await at(step)) - (await at(-step))) / (2 * step);
      await session.write(name, values);
      expect(Math.abs(slope - slopes[name][place]), name).toBeLessThan(2e-2 * Math.max(1, Math.abs(slope)));
    }
    const after = await session.read("bn.running_mean");
    expect([...after].every((value, i) => value === before[i])).toBe(batchNorm === "frozen");
    session.close();
  });
});

describe("parts of a graph", () => {
  test("inner tensors can be asked for and given", async () => {
    const backbone = new Graph();
    const first = buildOnnx(cnn, new Scope(backbone), new Map([["x", computed(backbone.input("x", [2, 5, 3, 4]), image, imageOrder)]]), { outputs: ["e"] });
    expect([...backbone.kept.keys()]).not.toContain("fc.weight");
    expect(first.outputs.get("e")?.shape).toEqual([2, 6]);
    const head = new Graph();
    const second = buildOnnx(cnn, new Scope(head), new Map([["e", computed(head.input("features", [2, 6]), [2, 6])]]));
    expect([...head.kept.keys()]).toEqual(["fc.weight", "fc.bias"]);
    expect(second.outputs.get("y")?.shape).toEqual([2, 6]);
  });
});

describe("what cannot be built", () => {
  const build = (model: OnnxModel, shape: Shape) => () => built(model, shape);

  test("names the node, its inputs' shapes and the opset", () => {
    expect(build(graphOf([node("Einsum", "x", "y")]), [2, 3])).toThrow(
      new UnsupportedOpError('onnx: Einsum "Einsum of y" of [2,3], opset 17: is not supported (test.onnx)'),
    );
    const conv = graphOf([node("Conv", "x w", "y")], { w: numbers([2, 3, 1, 1]) });
    expect(build(conv, [1, 4, 2, 2])).toThrow(FormatError);
    expect(build(conv, [1, 4, 2, 2])).toThrow('Conv "Conv of y" of [1,4,2,2], [2,3,1,1], opset 17: weight expects 3 channels in 1 groups (test.onnx)');
    const pool = graphOf([node("MaxPool", "x", "y", { kernel_shape: [3, 3] })]);
    expect(build(pool, [1, 4, 2, 2])).toThrow(/MaxPool "MaxPool of y" of \[1,4,2,2\], opset 17: the window does not fit/);
  });

  test("a shape that the numbers of the input decide", () => {
    const model = graphOf([node("Cast", "x", "s", { to: 7 }), node("Reshape", "x s", "y")]);
    expect(build(model, [2])).toThrow(/Reshape .* shape is computed from the graph's input/);
  });

  test("a name that nothing makes", () => {
    const { nodes, ...model } = graphOf([node("Relu", "x", "y")]);
    expect(build({ ...model, nodes: [...nodes, node("Relu", "z", "w")], outputs: [{ name: "w", type: "float32" }] }, [2])).toThrow('nothing makes "z"');
  });

  test("known outputs stay known", () => {
    const { outputs } = buildOnnx(graphOf([node("Shape", "x", "y")]), new Scope(new Graph()), new Map([["x", numbers([2, 3])]]));
    const y = outputs.get("y");
    expect(y && isKnown(y) && [...y.stored.decode().data]).toEqual([2, 3]);
    expect(evaluateGraph(graphOf([node("Shape", "x", "y")]), new Map([["x", numbers([2, 3])]])).get("y")?.data).toEqual(Float64Array.of(2, 3));
  });
});
