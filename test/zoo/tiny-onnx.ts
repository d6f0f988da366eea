/** Small classifiers as ONNX files, written node by node. */
import { sizeOf, type Shape } from "../../src/core/shape.js";
import { constant, integers, stored, type StoredTensor } from "../../src/formats/onnx/constant.js";
import type { AttributeValue, OnnxModel, OnnxNode, OnnxTensorInfo } from "../../src/formats/onnx/read-model.js";
import { tensor } from "./recipe.js";

export const node = (op: string, inputs: string[], outputs: string[], attributes: Record<string, AttributeValue> = {}): OnnxNode => ({
  name: outputs[0],
  op,
  inputs,
  outputs,
  attributes: new Map(Object.entries(attributes)),
});

/** Tensors of seeded numbers by name and shape. */
export const weights = (shapes: Record<string, Shape>): Map<string, StoredTensor> =>
  new Map(Object.entries(shapes).map(([name, shape], i) => [name, stored({ type: "float32", shape, data: tensor(name, i + 1, shape) })]));

export const whole = (values: readonly number[]): StoredTensor => stored(integers(values));
export const scalar = (value: number): StoredTensor => stored(constant("float32", [], [value]));
export const zeros = (shape: Shape): StoredTensor => stored(constant("float32", shape, new Float32Array(sizeOf(shape))));

export const images = (shape: OnnxTensorInfo["shape"]): OnnxTensorInfo => ({ name: "images", type: "float32", shape });
export const scores: OnnxTensorInfo = { name: "scores", type: "float32" };

export const model = (nodes: readonly OnnxNode[], initializers: OnnxModel["initializers"], rest: Partial<OnnxModel> = {}): OnnxModel => ({
  file: "tiny.onnx",
  opset: 17,
  producer: "",
  nodes,
  initializers,
  inputs: [images(["N", 3, 8, 8])],
  outputs: [scores],
  metadata: new Map(),
  ...rest,
});

/** Convolution, batch norm, ReLU and a depthwise convolution: images [N, 3, 8, 8] to `map` [N, 8, 4, 4]. */
export const stem: readonly OnnxNode[] = [
  node("Conv", ["images", "conv1.weight"], ["c1"], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  node("BatchNormalization", ["c1", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"], ["n1"], { epsilon: 1e-5 }),
  node("Relu", ["n1"], ["r1"]),
  node("Conv", ["r1", "conv2.weight", "conv2.bias"], ["map"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: 8 }),
];

export const stemShapes: Record<string, Shape> = {
  "conv1.weight": [8, 3, 3, 3],
  "bn1.weight": [8],
  "bn1.bias": [8],
  "bn1.running_mean": [8],
  "bn1.running_var": [8],
  "conv2.weight": [8, 1, 3, 3],
  "conv2.bias": [8],
};

/** The usual ending: global pooling, a dense layer for five classes, softmax. */
export const tail: readonly OnnxNode[] = [
  node("GlobalAveragePool", ["map"], ["pooled"]),
  node("Flatten", ["pooled"], ["flat"]),
  node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], { transB: 1 }),
  node("Softmax", ["logits"], ["scores"], { axis: 1 }),
];

export const tailShapes: Record<string, Shape> = { "fc.weight": [5, 8], "fc.bias": [5] };

export const tinyCnn = (rest: Partial<OnnxModel> = {}): OnnxModel => model([...stem, ...tail], weights({ ...stemShapes, ...tailShapes }), rest);
