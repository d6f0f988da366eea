import { describe, expect, test } from "vitest";
import { Random } from "../../../src/core/random.js";
import { type Shape, sizeOf } from "../../../src/core/shape.js";
import { axisOrder, layoutOf, movesTo, reshapedLayout, transposedLayout } from "../../../src/formats/onnx/build/layout.js";
import { type Constant, constant, integers } from "../../../src/formats/onnx/constant.js";
import type { OnnxModel, OnnxNode } from "../../../src/formats/onnx/read-model.js";
import { compile } from "../../../src/plan/compile.js";
import { built, difference, graphOf, imageOrder, node, numbers } from "./graph.js";

const image = [2, 4, 3, 5];
const copies = (model: OnnxModel, shape: Shape, order?: readonly number[]) =>
  compile(built(model, shape, { order }).graph).calls.filter(({ kernel }) => /^(transpose|copy)/.test(kernel)).length;

describe("layouts", () => {
  const channelsLast = layoutOf(image, imageOrder);

  test("splitting an axis moves nothing, wherever it lies", () => {
    const split = reshapedLayout(channelsLast, [2, 2, 2, 3, 5]);
    expect(split && axisOrder(split)).toEqual([0, 3, 4, 1, 2]);
  });

  test("flattened axes that do not lie in line keep their places until somebody minds", () => {
    const flat = reshapedLayout(channelsLast, [2, 60]);
    expect(flat?.memory.map(({ axis, size, step }) => [axis, size, step])).toEqual([
      [0, 2, 1],
      [1, 15, 1],
      [1, 4, 15],
    ]);
    expect(flat && movesTo(flat, [0, 1])).toEqual([0, 2, 1]);
    expect(flat && reshapedLayout(flat, image)).toEqual(channelsLast);
  });

  test("a shape whose axes cut across what lies apart needs a move, and none where all is in line", () => {
    expect(reshapedLayout(channelsLast, [2, 6, 10])).toBeUndefined();
    expect(reshapedLayout(layoutOf([6, 4]), [8, 3])?.memory.length).toBe(2);
    expect(movesTo(transposedLayout(channelsLast, imageOrder), [0, 1, 2, 3])).toBeUndefined();
  });
});

describe("what moves", () => {
  const weight = (shape: Shape, seed?: number) => ({ w: numbers(shape, seed) });

  test("transposes around a convolution cancel, of images that come channels first or last", () => {
    const nodes = [
      node("Transpose", "x", "a", { perm: [0, 3, 1, 2] }),
      node("Conv", "a w", "b", { pads: [1, 1, 1, 1] }),
      node("Relu", "b", "c"),
      node("Transpose", "c", "y", { perm: [0, 2, 3, 1] }),
    ];
    expect(copies(graphOf(nodes, weight([6, 4, 3, 3])), [2, 3, 5, 4])).toBe(0);
  });

  test("a shuffle of channels is one move", async () => {
    const nodes = [
      node("Conv", "x w", "a"),
      node("Reshape", "a groups", "b"),
      node("Transpose", "b", "c", { perm: [0, 2, 1, 3, 4] }),
      node("Reshape", "c whole", "d"),
      node("Conv", "d w", "e"),
      node("Flatten", "e", "y"),
    ];
    const model = graphOf(nodes, { ...weight([4, 4, 1, 1]), groups: integers([2, 2, 2, 3, 5]), whole: integers([2, 4, 3, 5]) });
    // The other one is the output, which is asked for row by row.
    expect(copies(model, image, imageOrder)).toBe(2);
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
  });

  test.each([0, 1])("the weight after a Flatten takes the order of the memory, transB %s", async (transB) => {
    const nodes = [node("Conv", "x k", "a"), node("Flatten", "a", "b"), node("Relu", "b", "c"), node("Gemm", "c w bias", "y", { transB })];
    const model = graphOf(nodes, { k: numbers([4, 4, 1, 1], 3), w: numbers(transB ? [7, 60] : [60, 7], 2), bias: numbers([7]) });
    expect(copies(model, image, imageOrder)).toBe(0);
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
  });

  test("padding before a window is the window's own", async () => {
    const nodes = [
      node("Pad", "x sides", "a"),
      node("Conv", "a w", "b", { strides: [2, 2] }),
      node("Pad", "b lowest filler", "c"),
      node("MaxPool", "c", "d", { kernel_shape: [2, 2] }),
      node("Pad", "d even", "e"),
      node("AveragePool", "e", "f", { kernel_shape: [3, 3], strides: [1, 1] }),
      node("Flatten", "f", "y"),
    ];
    const sides = { sides: integers([0, 0, 0, 1, 0, 0, 1, 1]), lowest: integers([0, 0, 1, 0, 0, 0, 0, 1]), even: integers([0, 0, 1, 1, 0, 0, 1, 1]) };
    const model = graphOf(nodes, { ...weight([4, 4, 2, 2]), ...sides, filler: constant("float32", [], [-Infinity]) });
    const { graph } = built(model, image, { order: imageOrder });
    expect(
      compile(graph)
        .nodes.map(({ op }) => op)
        .filter((op) => op === "pad"),
    ).toEqual([]);
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
  });

  test("keys that are read as columns stay as they lie", async () => {
    const nodes = [node("Relu", "x", "k"), node("Transpose", "k", "t", { perm: [0, 1, 3, 2] }), node("MatMul", "x t", "y")];
    expect(copies(graphOf(nodes), image)).toBe(0);
    expect(await difference(graphOf(nodes), numbers(image))).toBeLessThan(1e-6);
    const columns = graphOf([node("Transpose", "w", "t", { perm: [0, 2, 1] }), node("MatMul", "x t", "y")], { w: numbers([4, 2, 5]) });
    expect(await difference(columns, numbers(image))).toBeLessThan(1e-6);
  });

  test("patches of an image become rows of a matrix without a move", async () => {
    const nodes = [
      node("Conv", "x w", "a", { strides: [1, 1] }),
      node("Reshape", "a rows", "b"),
      node("Transpose", "b", "c", { perm: [0, 2, 1] }),
      node("MatMul", "c m", "y"),
    ];
    const model = graphOf(nodes, { ...weight([6, 4, 1, 1]), rows: integers([0, 6, -1]), m: numbers([6, 2], 5) });
    expect(copies(model, image, imageOrder)).toBe(0);
    expect(await difference(model, numbers(image), imageOrder)).toBeLessThan(1e-6);
  });
});

/** A chain of operators drawn at random, none of which makes more than a few hundred numbers. */
function randomGraph(random: Random, start: Shape): OnnxModel {
  const nodes: OnnxNode[] = [];
  const initializers: Record<string, Constant> = {};
  let [name, shape] = ["x", [...start]];
  const pick = (count: number) => Math.floor(random.uniform(0, count));
  const add = (op: string, to: Shape, attributes = {}, rest: Record<string, Constant> = {}) => {
    const next = `t${nodes.length}`;
    const extra = Object.entries(rest).map(([key, value]) => {
      initializers[`${next}.${key}`] = value;
      return `${next}.${key}`;
    });
    nodes.push(node(op, [name, ...extra].join(" "), next, attributes));
    [name, shape] = [next, [...to]];
  };
  const factors = (size: number) => [2, 3, 5].filter((factor) => size % factor === 0);
  const steps: (() => void)[] = [
    () => {
      const perm = shape.map((_, axis) => axis);
      for (let i = perm.length - 1; i > 0; i--) {
        const j = pick(i + 1);
        [perm[i], perm[j]] = [perm[j], perm[i]];
      }
      const to = perm.map((axis) => shape[axis]);
      add("Transpose", to, { perm });
    },
    () => {
      const axis = pick(shape.length);
      const [factor] = factors(shape[axis]);
      if (factor && shape.length < 6)
        add("Reshape", shape.toSpliced(axis, 1, factor, shape[axis] / factor), {}, { shape: integers(shape.toSpliced(axis, 1, factor, -1)) });
    },
    () => {
      if (shape.length < 2) return;
      const axis = pick(shape.length - 1);
      const to = shape.toSpliced(axis, 2, shape[axis] * shape[axis + 1]);
      add("Reshape", to, {}, { shape: integers(to) });
    },
    () => {
      const [a, b] = [sizeOf(shape.slice(0, 1)), sizeOf(shape.slice(1))];
      add("Flatten", [a, b], { axis: 1 });
    },
    () => {
      if (shape.length < 6) add("Unsqueeze", shape.toSpliced(1, 0, 1), {}, { axes: integers([1]) });
    },
    () => add("Relu", shape),
    () =>
      add(
        "Add",
        shape,
        {},
        {
          b: numbers(
            shape.map((size) => (pick(2) ? size : 1)),
            nodes.length,
          ),
        },
      ),
    () => add("Mul", shape, {}, { b: numbers(shape.slice(1), nodes.length) }),
    () => add("Softmax", shape, { axis: pick(shape.length) }),
    () => {
      const axis = pick(shape.length);
      add("ReduceMean", shape.with(axis, 1), { axes: [axis], keepdims: 1 });
    },
    () => {
      const axis = pick(shape.length);
      const window = { starts: integers([shape[axis] - 1]), ends: integers([-1000]), axes: integers([axis]), steps: integers([-2]) };
      add("Slice", shape.with(axis, Math.ceil(shape[axis] / 2)), {}, window);
    },
    () => {
      const axis = pick(shape.length);
      const other = numbers(shape.with(axis, 2), nodes.length);
      if (sizeOf(shape) < 300) add("Concat", shape.with(axis, shape[axis] + 2), { axis }, { b: other });
    },
    () => {
      const axis = pick(shape.length);
      const indices = integers([0, shape[axis] - 1, 0]);
      if (sizeOf(shape) < 300) add("Gather", shape.with(axis, 3), { axis }, { i: indices });
    },
    () => {
      const last = shape[shape.length - 1];
      if (shape.length > 1) add("MatMul", shape.with(-1, 3), {}, { w: numbers([last, 3], nodes.length) });
    },
    () => {
      if (shape.length === 4) add("Conv", shape.with(1, 2), {}, { w: numbers([2, shape[1], 1, 1], nodes.length) });
    },
    () => {
      const axis = pick(shape.length);
      if (sizeOf(shape) < 300) add("Tile", shape.with(axis, shape[axis] * 2), {}, { r: integers(shape.map((_, i) => (i === axis ? 2 : 1))) });
    },
    () => {
      const pads = [...shape.map((_, i) => i % 2), ...shape.map((_, i) => (i + 1) % 2)];
      if (sizeOf(shape) < 200)
        add(
          "Pad",
          shape.map((size) => size + 1),
          {},
          { pads: integers(pads) },
        );
    },
  ];
  while (nodes.length < 8) steps[pick(steps.length)]();
  nodes.push(node("Identity", name, "y"));
  return graphOf(nodes, initializers);
}

describe("graphs drawn at random give what the evaluator gives", () => {
  test.each([0, 1, 2, 3])("part %s", async (part) => {
    for (let seed = part * 30; seed < (part + 1) * 30; seed++) {
      const random = new Random(seed);
      const model = randomGraph(random, image);
      const what = `seed ${seed}: ${model.nodes.map(({ op }) => op).join(", ")}`;
      const error = await difference(model, numbers(image, seed), seed % 2 ? imageOrder : undefined).catch((cause) => {
        throw new Error(what, { cause });
      });
      expect(error, what).toBeLessThan(1e-5);
    }
  });
});
