import { type Constant, constant, stored } from "../../../src/formats/onnx/constant.js";
import { supportedOperators } from "../../../src/formats/onnx/build/index.js";
import type { AttributeValue, OnnxModel, OnnxNode } from "../../../src/formats/onnx/read-model.js";
import { onnxBytes } from "../../../src/formats/onnx/write-model.js";
import type { Random } from "../../../src/core/random.js";
import { readForeignOnnx } from "../../../src/formats/onnx/read-foreign.js";
import { edges, pick } from "../mutate.js";
import { importWhole } from "./import-whole.js";
import type { Target } from "../run.js";

const node = (op: string, inputs: string[], outputs: string[], attributes: Record<string, AttributeValue> = {}): OnnxNode => ({
  name: `${op}.${outputs[0]}`,
  op,
  inputs,
  outputs,
  attributes: new Map(Object.entries(attributes)),
});
const floats = (shape: readonly number[]) => constant("float32", shape, new Float32Array(shape.reduce((size, axis) => size * axis, 1)).fill(0.5));
const longs = (...values: number[]) => constant("int64", [values.length], values);

function model(nodes: OnnxNode[], initializers: Record<string, Constant>, input: readonly number[]): OnnxModel {
  return {
    file: "fuzz.onnx",
    opset: 17,
    producer: "test",
    nodes,
    initializers: new Map(Object.entries(initializers).map(([name, tensor]) => [name, stored(tensor)])),
    inputs: [{ name: "x", type: "float32", shape: input }],
    outputs: [{ name: "y", type: "float32" }],
    metadata: new Map([["producer", "test"]]),
  };
}

const image = [1, 3, 4, 6];
/** A small convolutional network, and one with the shape arithmetic that exporters leave. */
const models = [
  model(
    [
      node("Conv", ["x", "w", "b"], ["a"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] }),
      node("Relu", ["a"], ["c"]),
      node("MaxPool", ["c"], ["d"], { kernel_shape: [2, 2], strides: [1, 1] }),
      node("GlobalAveragePool", ["d"], ["e"]),
      node("Flatten", ["e"], ["f"], { axis: 1 }),
      node("Gemm", ["f", "v", "u"], ["y"], { transB: 1, alpha: 1 }),
    ],
    { w: floats([4, 3, 3, 3]), b: floats([4]), v: floats([3, 4]), u: floats([3]) },
    image,
  ),
  model(
    [
      node("Shape", ["x"], ["s"]),
      node("Gather", ["s", "zero"], ["n"], { axis: 0 }),
      node("Concat", ["n", "rest"], ["target"], { axis: 0 }),
      node("Reshape", ["x", "target"], ["a"]),
      node("Pad", ["a", "pads"], ["b"], { mode: "constant" }),
      node("Slice", ["b", "starts", "ends"], ["c"]),
      node("Transpose", ["c"], ["d"], { perm: [1, 0] }),
      node("ConstantOfShape", ["two"], ["e"], { value: stored(constant("float32", [1], [2])) }),
      node("Expand", ["e", "two"], ["f"]),
      node("Tile", ["f", "two"], ["g"]),
      node("ReduceMean", ["d"], ["h"], { axes: [0], keepdims: 1 }),
      node("MatMul", ["h", "m"], ["i"]),
      node("Mul", ["i", "j"], ["k"]),
      node("Resize", ["q", "", "", "sizes"], ["r"], { mode: "linear" }),
      node("ReduceSum", ["r", "zero"], ["t"], { keepdims: 0 }),
      node("Softmax", ["k"], ["y"], { axis: -1 }),
    ],
    {
      zero: longs(0),
      rest: longs(72),
      pads: longs(0, 1, 0, 1),
      starts: longs(0, 1),
      ends: longs(1, 73),
      two: longs(2, 2),
      m: floats([1, 2]),
      j: floats([2]),
      q: floats([1, 1, 2, 2]),
      sizes: longs(1, 1, 4, 4),
    },
    image,
  ),
];

const attributeNames =
  "axis axes kernel_shape pads strides dilations group auto_pad perm to mode keepdims transA transB alpha beta epsilon ceil_mode blocksize size k largest".split(
    " ",
  );

const sizes = [...edges, -2, 3, 4, 5, 6, 16, 1000, 100_000];
const operators = [...new Set([...models.flatMap(({ nodes }) => nodes.map(({ op }) => op)), ...supportedOperators])];
const types = ["float32", "float16", "int64", "int32", "uint8", "int8", "bool"] as const;

/** The model with one to four nodes or tensors that say something else. */
function varied(given: OnnxModel, random: Random): OnnxModel {
  const nodes = [...given.nodes];
  const initializers = new Map(given.initializers);
  const names = ["", "x", ...initializers.keys(), ...nodes.flatMap(({ outputs }) => outputs)];
  const number = () => pick(sizes, random);
  const value = (): AttributeValue =>
    pick<() => AttributeValue>(
      [number, () => [number(), number()], () => random.uniform(-2, 2), () => pick(["SAME_UPPER", "edge", "", "nearest"], random)],
      random,
    )();
  const tensor = () => {
    const shape = Array.from({ length: random.integer(5) }, () => random.integer(4));
    const count = shape.reduce((size, axis) => size * axis, 1);
    return stored(
      constant(
        pick(types, random),
        shape,
        Array.from({ length: count }, () => (random.integer(2) ? random.integer(5) - 1 : number())),
      ),
    );
  };
  const changes: (() => void)[] = [
    () => initializers.set(pick([...initializers.keys()], random), tensor()),
    ...[
      (node: OnnxNode) => ({ op: pick(operators, random), attributes: random.integer(2) ? node.attributes : new Map() }),
      ({ inputs }: OnnxNode) => ({ inputs: inputs.map((name) => (random.integer(2) ? name : pick(names, random))) }),
      ({ inputs }: OnnxNode) => ({ inputs: random.integer(2) ? inputs.slice(1) : [...inputs, pick(names, random)] }),
      ({ attributes }: OnnxNode) => ({ attributes: new Map([...attributes].map(([name, old]) => [name, random.integer(2) ? value() : old])) }),
      ({ attributes }: OnnxNode) => ({ attributes: new Map([...attributes, [pick(attributeNames, random), value()]]) }),
    ].map((change) => () => {
      const at = random.integer(nodes.length);
      nodes[at] = { ...nodes[at], ...change(nodes[at]) };
    }),
  ];
  for (let left = 1 + random.integer(4); left > 0; left--) pick(changes, random)();
  return { ...given, nodes, initializers, opset: pick([7, 10, 11, 13, 17, 18, 21], random) };
}

export const onnx: Target = {
  name: "onnx",
  files: models.map(onnxBytes),
  vary: (random) => onnxBytes(varied(pick(models, random), random)),
  async read(bytes) {
    importWhole(await readForeignOnnx({ name: "fuzz.onnx", bytes: bytes.slice() }));
  },
};
