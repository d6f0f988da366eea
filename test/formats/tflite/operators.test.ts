import { describe, expect, test } from "vitest";
import type { ForeignOptions } from "../../../src/formats/foreign.js";
import { type Constant, constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import type { OnnxModel } from "../../../src/formats/onnx/read-model.js";
import { readTfjsArtifacts } from "../../../src/formats/tfjs/index.js";
import { readTflite } from "../../../src/formats/tflite/index.js";
import { relativeError, uniform } from "../../zoo/recipe.js";
import { Net } from "../tfjs/net.js";
import { inputNumbers, weightsOf } from "../tfjs/recipe.js";
import { type Field, LiteFile } from "./lite-file.js";

const outputsOf = (graph: OnnxModel, x: Constant) => [...evaluateGraph(graph, new Map([[graph.inputs[0].name, x]])).values()];
const read = async (bytes: Uint8Array<ArrayBuffer>, options?: ForeignOptions) => (await readTflite({ name: "test.tflite", bytes }, options)).graph;

const byte = (value: number): Field => ["int8", value];
const int = (value: number): Field => ["int32", value];
const float = (value: number): Field => ["float32", value];
const [SAME, VALID] = [0, 1];
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const numbers = (seed: number, shape: readonly number[]) => Float32Array.from(uniform(seed, size(shape)));

/** Numbers of `shape` with their axes in another order. */
function turned(data: ArrayLike<number>, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const out = order.map((axis) => shape[axis]);
  return Float32Array.from(
    { length: size(shape) },
    (_, i) => data[out.reduce((at, length, k) => at + (Math.floor(i / size(out.slice(k + 1))) % length) * strides[order[k]], 0)],
  );
}

interface Case {
  readonly name: string;
  readonly shape: number[];
  /** The operator in a TFLite file, and the same in TensorFlow's graph, which TF.js has run. */
  readonly lite: (file: LiteFile, x: number) => number[];
  readonly graph: (net: Net, x: string) => string[];
}

const image = [1, 7, 6, 3];
const T = { T: { type: "DT_FLOAT" } };
const window = (stride: number, padding: string) => ({ strides: [1, stride, stride, 1], padding, dilations: [1, 1, 1, 1], data_format: "NHWC" });
const noMasks = { begin_mask: 0, end_mask: 0, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0 };

/** An operator on x alone, or on x and constants. */
const plain = (name: string, op: string, options: Field[] = [], attributes = {}, more: number[][] = [], shape = [2, 3, 4]): Case => ({
  name,
  shape,
  lite: (file, x) => file.op(name, [x, ...more.map((values) => file.ints(values))], options),
  graph: (net, x) => [net.op(op, [x, ...more.map((values) => net.ints(values))], { ...T, ...attributes })],
});

const arithmetic = (name: string, op: string): Case => ({
  name,
  shape: [2, 3, 4],
  lite: (file, x) => file.op(name, [x, file.floats([4], [1, -2, 0.5, 4])], [byte(1)]),
  graph: (net, x) => [net.op("Relu", [net.op(op, [x, net.floats([1, -2, 0.5, 4])], T)], T)],
});

const pool = (name: string, op: string): Case => ({
  name,
  shape: image,
  lite: (file, x) => file.op(name, [x], [byte(SAME), int(2), int(1), int(3), int(2), byte(3)]),
  graph: (net, x) => [net.op("Relu6", [net.op(op, [x], { ...window(1, "SAME"), strides: [1, 1, 2, 1], ksize: [1, 2, 3, 1], ...T })], T)],
});

const kernel = numbers(1, [3, 2, 3, 4]);
const deep = numbers(2, [3, 3, 3, 2]);
const up = numbers(3, [3, 3, 4, 3]);
const dense = numbers(4, [12, 5]);
const bias = numbers(5, [5]);

const cases: Case[] = [
  {
    name: "CONV_2D",
    shape: image,
    lite: (file, x) =>
      file.op(
        "CONV_2D",
        [x, file.floats([4, 3, 2, 3], turned(kernel, [3, 2, 3, 4], [3, 0, 1, 2])), file.floats([4], bias.subarray(0, 4))],
        [byte(SAME), int(1), int(2), byte(3)],
      ),
    graph: (net, x) => [
      net.op("Relu6", [
        net.op("BiasAdd", [
          net.op("Conv2D", [x, net.floats([...kernel], [3, 2, 3, 4])], { ...window(1, "SAME"), strides: [1, 2, 1, 1] }),
          net.floats([...bias.subarray(0, 4)]),
        ]),
      ]),
    ],
  },
  {
    name: "CONV_2D, dilated, without a bias",
    shape: image,
    lite: (file, x) =>
      file.op(
        "CONV_2D",
        [x, file.floats([4, 3, 2, 3], turned(kernel, [3, 2, 3, 4], [3, 0, 1, 2])), -1],
        [byte(VALID), int(1), int(1), byte(0), int(3), int(2)],
      ),
    graph: (net, x) => [net.op("Conv2D", [x, net.floats([...kernel], [3, 2, 3, 4])], { ...window(1, "VALID"), dilations: [1, 2, 3, 1] })],
  },
  {
    name: "DEPTHWISE_CONV_2D",
    shape: image,
    lite: (file, x) =>
      file.op("DEPTHWISE_CONV_2D", [x, file.floats([1, 3, 3, 6], deep), file.floats([6], numbers(6, [6]))], [byte(SAME), int(2), int(2), int(2), byte(1)]),
    graph: (net, x) => [
      net.op("Relu", [
        net.op("BiasAdd", [net.op("DepthwiseConv2dNative", [x, net.floats([...deep], [3, 3, 3, 2])], window(2, "SAME")), net.floats([...numbers(6, [6])])]),
      ]),
    ],
  },
  {
    name: "PAD before CONV_2D",
    shape: image,
    lite: (file, x) => {
      const [padded] = file.op("PAD", [x, file.ints([0, 0, 0, 1, 2, 1, 0, 0], [4, 2])], [], [[1, 8, 9, 3]]);
      return file.op("CONV_2D", [padded, file.floats([4, 3, 2, 3], turned(kernel, [3, 2, 3, 4], [3, 0, 1, 2])), -1], [byte(VALID), int(2), int(2)]);
    },
    graph: (net, x) => [
      net.op("Conv2D", [net.op("Pad", [x, net.ints([0, 0, 0, 1, 2, 1, 0, 0], [4, 2])]), net.floats([...kernel], [3, 2, 3, 4])], window(2, "VALID")),
    ],
  },
  {
    name: "TRANSPOSE_CONV",
    shape: [1, 3, 4, 3],
    lite: (file, x) =>
      file.op("TRANSPOSE_CONV", [file.ints([1, 6, 8, 4]), file.floats([4, 3, 3, 3], turned(up, [3, 3, 4, 3], [2, 0, 1, 3])), x], [byte(SAME), int(2), int(2)]),
    graph: (net, x) => [net.op("Conv2DBackpropInput", [net.ints([1, 6, 8, 4]), net.floats([...up], [3, 3, 4, 3]), x], window(2, "SAME"))],
  },
  {
    name: "FULLY_CONNECTED",
    shape: [2, 3, 4],
    lite: (file, x) => file.op("FULLY_CONNECTED", [x, file.floats([5, 12], turned(dense, [12, 5], [1, 0])), file.floats([5], bias)], [byte(1)]),
    graph: (net, x) => [
      net.op("Relu", [
        net.op("BiasAdd", [net.op("MatMul", [net.op("Reshape", [x, net.ints([-1, 12])]), net.floats([...dense], [12, 5])], T), net.floats([...bias])]),
      ]),
    ],
  },
  {
    name: "FULLY_CONNECTED that keeps its axes",
    shape: [2, 3, 12],
    lite: (file, x) =>
      file.op("FULLY_CONNECTED", [x, file.floats([5, 12], turned(dense, [12, 5], [1, 0])), file.floats([5], bias)], [byte(0), byte(0), byte(1)]),
    graph: (net, x) => [net.op("Add", [net.op("BatchMatMulV2", [x, net.floats([...dense], [12, 5])], T), net.floats([...bias])])],
  },
  {
    name: "BATCH_MATMUL",
    shape: [2, 3, 4],
    lite: (file, x) => file.op("BATCH_MATMUL", [x, file.floats([1, 5, 4], numbers(7, [20]))], [byte(0), byte(1)]),
    graph: (net, x) => [net.op("BatchMatMulV2", [x, net.floats([...numbers(7, [20])], [1, 5, 4])], { adj_x: false, adj_y: true, ...T })],
  },
  pool("AVERAGE_POOL_2D", "AvgPool"),
  pool("MAX_POOL_2D", "MaxPool"),
  ...(["ADD", "SUB", "MUL", "DIV"] as const).map((name) => arithmetic(name, { ADD: "Add", SUB: "Sub", MUL: "Mul", DIV: "RealDiv" }[name])),
  plain("RESIZE_BILINEAR", "ResizeBilinear", [undefined, undefined, byte(0), byte(1)], { half_pixel_centers: true }, [[9, 4]], image),
  plain("RESIZE_BILINEAR", "ResizeBilinear", [undefined, undefined, byte(1), byte(0)], { align_corners: true }, [[9, 4]], image),
  plain("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor", [byte(0), byte(1)], { half_pixel_centers: true }, [[5, 11]], image),
  plain("SPACE_TO_DEPTH", "SpaceToDepth", [int(2)], { block_size: 2 }, [], [1, 4, 6, 3]),
  plain("DEPTH_TO_SPACE", "DepthToSpace", [int(2)], { block_size: 2, data_format: "NHWC" }, [], [1, 2, 3, 8]),
  plain("SOFTMAX", "Softmax", [float(1)]),
  plain("LOG_SOFTMAX", "LogSoftmax"),
  plain("LEAKY_RELU", "LeakyRelu", [float(0.3)], { alpha: 0.3 }),
  ...Object.entries({
    LOGISTIC: "Sigmoid",
    TANH: "Tanh",
    RELU: "Relu",
    RELU6: "Relu6",
    ELU: "Elu",
    EXP: "Exp",
    ABS: "Abs",
    NEG: "Neg",
    SQUARE: "Square",
    FLOOR: "Floor",
    CEIL: "Ceil",
    SIN: "Sin",
    COS: "Cos",
    SIGN: "Sign",
  }).map(([name, op]) => plain(name, op)),
  ...Object.entries({ MEAN: "Mean", SUM: "Sum", REDUCE_MAX: "Max", REDUCE_MIN: "Min", REDUCE_PROD: "Prod" }).map(([name, op]) =>
    plain(name, op, [byte(1)], { keep_dims: true }, [[1, 2]]),
  ),
  plain("TRANSPOSE", "Transpose", [], {}, [[0, 2, 1]]),
  plain("EXPAND_DIMS", "ExpandDims", [], {}, [[1]]),
  plain("TILE", "Tile", [], {}, [[1, 2, 3]]),
  plain("REVERSE_V2", "ReverseV2", [], {}, [[1]]),
  plain("SLICE", "Slice", [], {}, [
    [0, 1, 0],
    [2, 2, -1],
  ]),
  plain("STRIDED_SLICE", "StridedSlice", [int(1), int(4), int(0), int(0), int(2)], { ...noMasks, begin_mask: 1, end_mask: 4, shrink_axis_mask: 2 }, [
    [0, 1, 1],
    [2, 2, 0],
    [1, 1, 2],
  ]),
  {
    name: "CONCATENATION",
    shape: [2, 3, 4],
    lite: (file, x) => file.op("CONCATENATION", [x, x], [int(-1), byte(1)]),
    graph: (net, x) => [net.op("Relu", [net.op("ConcatV2", [x, x, net.ints([-1], [])])])],
  },
  {
    name: "SPLIT",
    shape: [2, 3, 4],
    lite: (file, x) =>
      file.op(
        "SPLIT",
        [file.ints([2], []), x],
        [int(2)],
        [
          [2, 3, 2],
          [2, 3, 2],
        ],
      ),
    graph: (net, x) => {
      const split = net.op("Split", [net.ints([2], []), x], { num_split: 2 });
      return [`${split}:0`, `${split}:1`];
    },
  },
  {
    name: "SPLIT_V",
    shape: [2, 3, 4],
    lite: (file, x) =>
      file.op(
        "SPLIT_V",
        [x, file.ints([1, -1]), file.ints([2], [])],
        [int(2)],
        [
          [2, 3, 1],
          [2, 3, 3],
        ],
      ),
    graph: (net, x) => {
      const split = net.op("SplitV", [x, net.ints([1, 3]), net.ints([2], [])], { num_split: 2 });
      return [`${split}:0`, `${split}:1`];
    },
  },
  {
    name: "PACK and UNPACK",
    shape: [2, 3, 4],
    lite: (file, x) => {
      const [packed] = file.op("PACK", [x, x], [int(2), int(1)], [[2, 2, 3, 4]]);
      return file.op(
        "UNPACK",
        [packed],
        [int(3), int(2)],
        [
          [2, 2, 4],
          [2, 2, 4],
          [2, 2, 4],
        ],
      );
    },
    graph: (net, x) => {
      const parts = net.op("Unpack", [net.op("Pack", [x, x], { axis: 1 })], { num: 3, axis: 2 });
      return [0, 1, 2].map((i) => `${parts}:${i}`);
    },
  },
  {
    name: "GATHER",
    shape: [2, 3, 4],
    lite: (file, x) => file.op("GATHER", [x, file.ints([3, 0])], [int(2)]),
    graph: (net, x) => [net.op("GatherV2", [x, net.ints([3, 0]), net.ints([2], [])])],
  },
  {
    name: "SELECT_V2 of GREATER",
    shape: [2, 3, 4],
    lite: (file, x) => file.op("SELECT_V2", [...file.op("GREATER", [x, file.floats([], [0.1])]), x, file.floats([], [-1])]),
    graph: (net, x) => [net.op("SelectV2", [net.op("Greater", [x, net.floats([0.1], [])]), x, net.floats([-1], [])])],
  },
  {
    name: "SPACE_TO_BATCH_ND round DEPTHWISE_CONV_2D",
    shape: image,
    lite: (file, x) => {
      const block = file.ints([2, 2]);
      const [apart] = file.op("SPACE_TO_BATCH_ND", [x, block, file.ints([2, 3, 2, 2], [2, 2])], [], [[4, 6, 5, 3]]);
      const [conv] = file.op("DEPTHWISE_CONV_2D", [apart, file.floats([1, 3, 3, 6], deep), -1], [byte(VALID), int(1), int(1), int(2), byte(3)], [[4, 4, 3, 6]]);
      return file.op("BATCH_TO_SPACE_ND", [conv, block, file.ints([0, 1, 0, 0], [2, 2])]);
    },
    graph: (net, x) => {
      const padded = net.op("Pad", [x, net.ints([0, 0, 2, 2, 2, 2, 0, 0], [4, 2])]);
      return [
        net.op("Relu6", [net.op("DepthwiseConv2dNative", [padded, net.floats([...deep], [3, 3, 3, 2])], { ...window(1, "VALID"), dilations: [1, 2, 2, 1] })]),
      ];
    },
  },
];

test.each(cases)("$name gives what TensorFlow's operator gives", async ({ shape, lite, graph }) => {
  const net = new Net();
  const placeholder = net.input(shape.slice(1));
  const { topology, signature } = net.model([placeholder], graph(net, placeholder));
  const { specs, data } = weightsOf(net);
  const expected = await readTfjsArtifacts({ modelTopology: topology, weightSpecs: specs, weightData: data.buffer, signature });
  const file = new LiteFile();
  const x = file.tensor({ shape, name: "image" });
  const given = constant("float32", shape, inputNumbers(0, shape));
  const found = outputsOf(await read(file.bytes([x], lite(file, x))), given);
  const wanted = outputsOf(expected.graph, given);
  expect(found.map((each) => each.shape)).toEqual(wanted.map((each) => each.shape));
  found.forEach((each, i) => expect(relativeError(each.data, wanted[i].data)).toBeLessThan(1e-6));
});

/** An operator of TFLite alone, by its formula. */
const formulas: [name: string, options: Field[], formula: (x: number) => number][] = [
  ["HARD_SWISH", [], (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
  ["RELU_N1_TO_1", [], (x) => Math.min(Math.max(x, -1), 1)],
  ["RELU_0_TO_1", [], (x) => Math.min(Math.max(x, 0), 1)],
  ["GELU", [byte(1)], (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))],
];
test.each(formulas)("%s follows its formula", async (name, options, formula) => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [2, 40], name: "x" });
  const given = Float32Array.from({ length: 80 }, (_, i) => (i - 40) / 8);
  const [y] = outputsOf(await read(file.bytes([x], file.op(name, [x], options))), constant("float32", [2, 40], given));
  expect(relativeError(y.data, given.map(formula))).toBeLessThan(1e-6);
});

test("L2_NORMALIZATION divides by the length of a row", async () => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [2, 2], name: "x" });
  const [y] = outputsOf(await read(file.bytes([x], file.op("L2_NORMALIZATION", [x]))), constant("float32", [2, 2], [3, 4, 0, -2]));
  expect([...y.data]).toEqual([3 / 5, 4 / 5, 0, -1].map(Math.fround));
});

describe("quantised files", () => {
  const steps = { scales: [0.5, 0.25], zeroPoints: [0, 0] };
  const network = () => {
    const file = new LiteFile();
    const x = file.tensor({ shape: [1, 2, 2, 1], type: 3, name: "x", quantization: { scales: [0.25], zeroPoints: [128] } });
    const weight = file.tensor({ shape: [2, 1, 1, 1], type: 9, data: Int8Array.of(3, -5), name: "w", quantization: { ...steps, axis: 0 } });
    const bias = file.tensor({ shape: [2], type: 2, data: Int32Array.of(8, -4), name: "b", quantization: { scales: [0.125, 0.0625], zeroPoints: [0, 0] } });
    const output = { shape: [1, 2, 2, 2], type: 9, name: "y", quantization: { scales: [0.5], zeroPoints: [-10] } };
    return file.bytes([x], file.op("CONV_2D", [x, weight, bias], [byte(VALID), int(1), int(1), byte(1)], [output]));
  };
  const x = constant("float32", [1, 2, 2, 1], [0.3, -1, 2, 40]);
  // 1.5 x + 1 and -1.25 x - 0.25, not below 0.
  const exactly = (value: number) => [Math.max(1.5 * value + 1, 0), Math.max(-1.25 * value - 0.25, 0)];

  test("give float32 with dequantised weights, one scale for a channel", async () => {
    const [y] = outputsOf(await read(network()), x);
    expect([...y.data]).toEqual([...x.data].flatMap(exactly).map(Math.fround));
  });

  test("round activations to their levels when asked for exact numbers", async () => {
    const [y] = outputsOf(await read(network(), { quantized: "exact" }), x);
    const level = (value: number, scale: number, zero: number, low: number) =>
      (Math.min(Math.max(Math.round(value / scale) + zero, low), low + 255) - zero) * scale;
    const expected = [...x.data].flatMap((value) => exactly(level(value, 0.25, 128, 0)).map((each) => level(each, 0.5, -10, -128)));
    expect([...y.data]).toEqual(expected);
    expect(expected).toEqual([1.5, 0, 0, 1, 4, 0, 48.5, 0]);
  });

  test("say what their bytes stand for", async () => {
    const file = new LiteFile();
    const x = file.tensor({ shape: [1, 8, 6, 3], type: 9, name: "x", quantization: { scales: [0.5], zeroPoints: [-3] } });
    const { preprocessing } = await readTflite({ name: "test.tflite", bytes: file.bytes([x], file.op("RELU", [x])) });
    expect(preprocessing).toEqual({ resize: [8, 6], crop: [8, 6], interpolation: "bilinear", scale: 0.5, mean: [62.5], std: [1] });
  });

  test("of float16 weights are float32", async () => {
    const file = new LiteFile();
    const x = file.tensor({ shape: [1, 2], name: "x" });
    const half = file.tensor({ shape: [2], type: 1, data: Uint16Array.of(0x3c00, 0xc100), name: "w" });
    const [weight] = file.op("DEQUANTIZE", [half], [], [[2]]);
    const graph = await read(file.bytes([x], file.op("MUL", [x, weight])));
    expect([...outputsOf(graph, constant("float32", [1, 2], [3, 3]))[0].data]).toEqual([3, -7.5]);
    expect([...graph.initializers.keys()]).toEqual(["w"]);
  });
});

test("a file made for one image takes any number", async () => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 2, 2, 3], name: "x" });
  const [flat] = file.op("RESHAPE", [x, file.ints([1, 12])], [], [[1, 12]]);
  const graph = await read(file.bytes([x], file.op("SLICE", [flat, file.ints([0, 1]), file.ints([1, 5])])));
  expect(graph.inputs).toEqual([{ name: "x", type: "float32", shape: ["N", 2, 2, 3] }]);
  expect(outputsOf(graph, constant("float32", [3, 2, 2, 3], inputNumbers(0, [36])))[0].shape).toEqual([3, 5]);
});

test("an operator that is not known is named", async () => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 2], name: "x" });
  await expect(read(file.bytes([x], file.op("MINE", [x])))).rejects.toThrow(/operator "mine" is not supported \(test.tflite\)/);
});
