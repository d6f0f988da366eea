import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/core/errors.js";
import { constant } from "../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../src/formats/onnx/evaluate/index.js";
import type { OnnxTensorInfo } from "../../src/formats/onnx/read-model.js";
import { onnxBytes } from "../../src/formats/onnx/write-model.js";
import { openOnnx } from "../../src/onnx.js";
import { relativeError, uniform } from "./recipe.js";
import { model, node, weights } from "./tiny-onnx.js";

const info = (name: string, type: OnnxTensorInfo["type"], shape?: OnnxTensorInfo["shape"]): OnnxTensorInfo => ({ name, type, shape });

/** Two inputs of any length and a shape, three outputs: a sum, its shape, and which elements are positive. */
const graph = model(
  [
    node("MatMul", ["a", "kernel"], ["product"]),
    node("Add", ["product", "b"], ["sum"]),
    node("Reshape", ["sum", "shape"], ["y"]),
    node("Shape", ["y"], ["size"]),
    node("Greater", ["y", "zero"], ["positive"]),
  ],
  new Map([...weights({ kernel: [3, 4] }), ["zero", { ...constant("float32", [], [0]), decode: () => constant("float32", [], [0]) }]]),
  {
    inputs: [info("a", "float32", ["N", 3]), info("b", "float32", [4]), info("shape", "int64", ["rank"])],
    outputs: [info("y", "float32"), info("size", "int64"), info("positive", "bool")],
  },
);

test("a graph of several inputs and outputs runs for any of its shapes", async () => {
  const opened = await openOnnx(onnxBytes(graph), { inline: true, build: "simd" });
  expect(opened.inputs.map(({ name, type, shape }) => [name, type, shape])).toEqual([
    ["a", "float32", ["N", 3]],
    ["b", "float32", [4]],
    ["shape", "int64", ["rank"]],
  ]);
  expect(opened.outputs.map(({ name }) => name)).toEqual(["y", "size", "positive"]);
  for (const [rows, shape] of [
    [2, [8]],
    [2, [2, 2, 2]],
    [5, [4, 5]],
    [2, [8]],
  ] as const) {
    const [a, b] = [Float32Array.from(uniform(1, rows * 3)), Float32Array.from(uniform(2, 4))];
    const given = { a: { data: a, shape: [rows, 3] }, b: { data: b, shape: [4] }, shape: { data: [...shape], shape: [shape.length] } };
    const found = await opened.run(given);
    const types = { a: "float32", b: "float32", shape: "int64" } as const;
    const expected = evaluateGraph(
      graph,
      new Map(Object.entries(given).map(([name, { data, shape: sizes }]) => [name, constant(types[name as "a"], sizes, data)])),
    );
    expect(Object.keys(found)).toEqual([...expected.keys()]);
    expect(found.y.shape).toEqual(shape);
    expect(relativeError(found.y.data, expected.get("y")?.data ?? [])).toBeLessThan(1e-6);
    expect([found.size, found.positive]).toEqual([expected.get("size"), expected.get("positive")]);
  }
  await expect(opened.run({ a: { data: [1, 2, 3], shape: [1, 3] } })).rejects.toThrow(new ArgumentError('run: input "b" is missing'));
  const wrong = { a: { data: [1, 2], shape: [1, 2] }, b: { data: [1, 2, 3, 4], shape: [4] }, shape: { data: [4], shape: [1] } };
  await expect(opened.run(wrong)).rejects.toThrow(new ShapeError('run: input "a" expects float32 [N,3], got [1,2] with 2 numbers'));
  opened.close();
});
