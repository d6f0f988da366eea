import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Constant, constant, type ElementType, stored } from "../../../src/formats/onnx/constant.js";
import { type AttributeValue, type OnnxModel, readOnnx } from "../../../src/formats/onnx/read-model.js";
import { onnxBytes } from "../../../src/formats/onnx/write-model.js";
import { asset } from "../../assets.js";

/** Numbers, or a hash of many: comparing them one by one takes seconds. */
const numbers = ({ type, shape, data }: Constant) => ({ type, shape, data: data.length < 100 ? data : createHash("sha256").update(data).digest("hex") });
const decoded = (value: AttributeValue) => (typeof value === "object" && "decode" in value ? numbers(value.decode()) : value);

/** A model with its tensors' numbers, so that two compare by value. */
const values = ({ nodes, initializers, ...rest }: OnnxModel) => ({
  ...rest,
  nodes: nodes.map(({ attributes, ...node }) => ({ ...node, attributes: new Map([...attributes].map(([name, value]) => [name, decoded(value)])) })),
  initializers: new Map([...initializers].map(([name, tensor]) => [name, numbers(tensor.decode())])),
});

const types = "float32 float16 bfloat16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool".split(" ") as ElementType[];

const model: OnnxModel = {
  file: "test.onnx",
  opset: 17,
  producer: "ocelli",
  nodes: [
    { name: "a", op: "LeakyRelu", inputs: ["x"], outputs: ["a"], attributes: new Map<string, AttributeValue>([["alpha", 1]]) },
    { name: "b", op: "Slice", inputs: ["a", "", "int64"], outputs: ["b"], attributes: new Map<string, AttributeValue>([["axis", -1]]) },
    {
      name: "c",
      op: "com.microsoft.Odd",
      inputs: ["b"],
      outputs: ["y", "z"],
      attributes: new Map<string, AttributeValue>([
        ["mode", "same"],
        ["ints", [1, -2, 3]],
        ["scales", [1, 2]],
        ["parts", [0.5, 1]],
        ["names", ["p", "q"]],
        ["value", stored(constant("float32", [2], [1.5, Number.NaN]))],
        ["last", 2 ** 63],
      ]),
    },
  ],
  initializers: new Map(
    types.map((type) => [
      type,
      stored(
        constant(
          type,
          [2, 2],
          [0, 1, 2, 3].map((value) => (type === "bool" ? value % 2 : value)),
        ),
      ),
    ]),
  ),
  inputs: [{ name: "x", type: "float32", shape: ["batch", 3, undefined, 8] }],
  outputs: [
    { name: "y", type: "int64", shape: [] },
    { name: "z", type: "bool" },
  ],
  metadata: new Map([["labels", '["cat"]']]),
};

test("a model of every type of element and attribute is read as it was written", () => {
  expect(values(readOnnx(onnxBytes(model), "test.onnx"))).toEqual(values(model));
});

test.each(["squeezenet1_0_deepcompression", "mobilenet_v3_small_random"])("%s: real files keep every node and number", (name) => {
  const path = asset(`weights/${name}/model.onnx`);
  if (!path) return;
  const read = readOnnx(readFileSync(path), "model.onnx");
  expect(values(readOnnx(onnxBytes(read), "model.onnx"))).toEqual(values(read));
});
