import { expect, test } from "vitest";
import { FormatError, LimitError, UnsupportedOpError } from "../../../src/core/errors.js";
import { constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import { readOnnx } from "../../../src/formats/onnx/read-model.js";
import { floats, info, longs, onnxFile } from "./model.js";

const read = (file: Uint8Array) => readOnnx(file, "test.onnx");
const x = constant("float32", [2, 3], [1, -2, 3, -4, 5, -6]);
const run = (file: Uint8Array) => [...(evaluateGraph(read(file), new Map([["x", x]])).get("y")?.data ?? [])];
const node = (opType: string, input: string[], output: string[], rest = {}) => ({ opType, input, output, ...rest });

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

const externalTensor = (entries: Record<string, string>) => ({
  name: "b",
  dims: [3n],
  dataType: 1,
  dataLocation: 1,
  externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
});
const identity = node("Identity", ["x"], ["y"]);
const withTensor = (tensor: object) => onnxFile({ node: [identity], initializer: [tensor] });

const attacks: Record<string, { file: Uint8Array; error: typeof FormatError | typeof LimitError | typeof UnsupportedOpError; says: RegExp }> = {
  "no protobuf": { file: new Uint8Array([255, 255, 255, 255]), error: FormatError, says: /not an ONNX file/ },
  "cut in the middle": { file: onnxFile({ node: [identity] }).slice(0, -5), error: FormatError, says: /not an ONNX file/ },
  "no graph": { file: new Uint8Array([8, 8]), error: UnsupportedOpError, says: /opset/ },
  "an opset of tomorrow": { file: onnxFile({ node: [identity] }, { opsetImport: [{ domain: "", version: 99n }] }), error: UnsupportedOpError, says: /got 99/ },
  "a cycle": {
    file: onnxFile({ node: [node("Add", ["x", "b"], ["a"], { name: "first" }), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])] }),
    error: FormatError,
    says: /made of its own output/,
  },
  "a node that reads itself": { file: onnxFile({ node: [node("Add", ["x", "y"], ["y"])] }), error: FormatError, says: /made of its own output/ },
  "a name that nothing makes": { file: onnxFile({ node: [node("Relu", ["z"], ["y"])] }), error: FormatError, says: /reads "z", which nothing makes/ },
  "an output that nothing makes": { file: onnxFile({ node: [node("Relu", ["x"], ["z"])] }), error: FormatError, says: /no node makes the output "y"/ },
  "a name made twice": { file: onnxFile({ node: [identity, node("Relu", ["x"], ["y"])] }), error: FormatError, says: /"y" is made twice/ },
  "two initializers of one name": {
    file: onnxFile({ node: [identity], initializer: [floats("b", [1], [1]), floats("b", [1], [2])] }),
    error: FormatError,
    says: /two initializers/,
  },
  "a negative size": { file: withTensor({ ...floats("b", [], []), dims: [-3n] }), error: FormatError, says: /shape \[-3\]/ },
  "sizes whose product is huge": { file: withTensor({ ...floats("b", [], []), dims: [2n ** 40n, 2n ** 40n] }), error: LimitError, says: /more than/ },
  "sizes beyond whole numbers": { file: withTensor({ ...floats("b", [], []), dims: [2n ** 62n] }), error: FormatError, says: /shape/ },
  "fewer numbers than the shape": { file: withTensor(floats("b", [4], [1, 2, 3])), error: FormatError, says: /expects 4 elements of type float32, got 3/ },
  "raw bytes that end within a number": {
    file: withTensor({ name: "b", dims: [1n], dataType: 1, rawData: new Uint8Array(5) }),
    error: FormatError,
    says: /expects 1 elements/,
  },
  strings: { file: withTensor({ name: "b", dims: [0n], dataType: 8 }), error: UnsupportedOpError, says: /type STRING/ },
  "data in another file": { file: withTensor(externalTensor({ location: "weights.bin" })), error: FormatError, says: /another file/ },
  "a function that calls itself": {
    file: onnxFile(
      { node: [{ ...node("F", ["x"], ["y"]), domain: "mine" }] },
      { functions: [{ name: "F", domain: "mine", input: ["v"], output: ["w"], node: [{ ...node("F", ["v"], ["w"]), domain: "mine" }] }] },
    ),
    error: FormatError,
    says: /call each other/,
  },
};

test.each(Object.entries(attacks))("%s is refused", (_, { file, error, says }) => {
  const attempt = () => read(file);
  expect(attempt).toThrow(error);
  expect(attempt).toThrow(says);
});

test.each(["../secret", "/etc/passwd", "a/b", "..", "", "c:x", "a\\b"])("no path is followed: %s", (location) => {
  const file = withTensor(externalTensor({ location }));
  const asked: string[] = [];
  const model = readOnnx(file, "test.onnx", {
    external: (name) => {
      asked.push(name);
      return new Uint8Array(12);
    },
  });
  expect(() => model.initializers.get("b")?.decode()).toThrow(/the name of a file beside the model/);
  expect(asked).toEqual([]);
});

test("functions that double at each level stop at the limit of nodes", () => {
  const level = (i: number) => ({
    name: `F${i}`,
    domain: "mine",
    input: ["v"],
    output: ["w"],
    node: Array.from({ length: 10 }, (_, k) => ({ ...node(i < 10 ? `F${i + 1}` : "Relu", ["v"], [k ? `w${k}` : "w"]), domain: i < 10 ? "mine" : "" })),
  });
  const file = onnxFile({ node: [{ ...node("F0", ["x"], ["y"]), domain: "mine" }] }, { functions: Array.from({ length: 11 }, (_, i) => level(i)) });
  expect(() => read(file)).toThrow(LimitError);
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
