import { expect, test } from "vitest";
import { constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import { readOnnx } from "../../../src/formats/onnx/read-model.js";
import { externalTensor, floats, identity, info, longs, node, onnxFile } from "./model.js";

const read = (file: Uint8Array) => readOnnx(file, "test.onnx");
const x = constant("float32", [2, 3], [1, -2, 3, -4, 5, -6]);
const run = (file: Uint8Array) => [...(evaluateGraph(read(file), new Map([["x", x]])).get("y")?.data ?? [])];

test("nodes run in an order in which each comes after what it reads", () => {
  const file = onnxFile({ node: [node("Neg", ["a"], ["y"]), node("Relu", ["x"], ["a"])] });
  expect(read(file).nodes.map(({ op }) => op)).toEqual(["Relu", "Neg"]);
  expect(run(file)).toEqual([-1, -0, -3, -0, -5, -0]);
});

test("a function's body takes the place of its call, with attributes and their defaults", () => {
  const attribute = (name: string, f: number) => ({ name, type: 1, f });
  const file = onnxFile(
    {
      node: [
        { ...node("Leak", ["x"], ["a"], { attribute: [attribute("slope", 0.5)] }), domain: "mine" },
        { ...node("Leak", ["a"], ["y"]), domain: "mine" },
      ],
    },
    {
      opsetImport: [
        { domain: "", version: 17n },
        { domain: "mine", version: 1n },
      ],
      functions: [
        {
          name: "Leak",
          domain: "mine",
          input: ["v"],
          output: ["w"],
          attributeProto: [attribute("slope", 0.25)],
          node: [node("LeakyRelu", ["v"], ["u"], { attribute: [{ name: "alpha", type: 1, refAttrName: "slope" }] }), node("Identity", ["u"], ["w"])],
        },
      ],
    },
  );
  expect(run(file)).toEqual([1, -0.25, 3, -0.5, 5, -0.75]);
});

test("tensors are read from typed fields, raw bytes and files beside the model", () => {
  const add = { node: [node("Add", ["x", "b"], ["y"])] };
  const shifted = [2, 0, 6, -3, 7, -3];
  expect(run(onnxFile({ ...add, initializer: [floats("b", [3], [1, 2, 3])] }))).toEqual(shifted);
  const raw = new Uint8Array(new Float32Array([1, 2, 3]).buffer);
  expect(run(onnxFile({ ...add, initializer: [{ name: "b", dims: [3n], dataType: 1, rawData: raw }] }))).toEqual(shifted);
  const half = new Uint8Array(new Uint16Array([0x3c00, 0x4000, 0x4200]).buffer);
  const cast = { node: [node("Cast", ["h"], ["b"], { attribute: [{ name: "to", type: 2, i: 1n }] }), ...add.node] };
  expect(run(onnxFile({ ...cast, initializer: [{ name: "h", dims: [3n], dataType: 10, rawData: half }] }))).toEqual(shifted);
  const entries = { location: "weights.bin", offset: "4", length: "12" };
  const outside = onnxFile({ ...add, initializer: [externalTensor(entries)] });
  const model = readOnnx(outside, "test.onnx", { external: (name) => (name === "weights.bin" ? new Uint8Array([0, 0, 0, 0, ...raw]) : new Uint8Array()) });
  expect([...(evaluateGraph(model, new Map([["x", x]])).get("y")?.data ?? [])]).toEqual(shifted);
});

test("what the operators refuse names the node, its shapes and the opset", () => {
  const reshape = onnxFile({ node: [node("Reshape", ["x", "s"], ["y"], { name: "flat" })], initializer: [longs("s", [2], [4, -1])] });
  expect(() => run(reshape)).toThrow('onnx: Reshape "flat" of [2,3], [2], opset 17: cannot become [4,-1] (test.onnx)');
  expect(() => run(onnxFile({ node: [node("Einsum", ["x"], ["y"])] }))).toThrow("onnx: Einsum of [2,3] is not supported (opset 17, test.onnx)");
  expect(() => run(onnxFile({ node: [node("Gather", ["x", "i"], ["y"])], initializer: [longs("i", [1], [7])] }))).toThrow("index 7 is outside of 2");
});

test("inputs say their names, types and sizes", () => {
  const { inputs, outputs, opset } = read(onnxFile({ node: [identity], input: [info("x", [2, 3])] }));
  expect(inputs).toEqual([{ name: "x", type: "float32", shape: [2, 3] }]);
  expect(outputs[0].name).toBe("y");
  expect(opset).toBe(17);
});
