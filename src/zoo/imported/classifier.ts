import { constant, stored, type StoredTensor } from "../../formats/onnx/constant.js";
import type { OnnxModel, OnnxNode } from "../../formats/onnx/read-model.js";
import { sizeOf } from "../../core/shape.js";

/** A tensor that has one entry for each class along `axis`. */
export interface ClassTensor {
  readonly name: string;
  readonly axis: number;
}

/** The layer that makes class scores of features. */
export interface Classifier {
  /** What it takes: the result of the backbone. */
  readonly features: string;
  /** It is a convolution: its features are a map [N, C, H, W]. */
  readonly convolution: boolean;
  /** Weight, then what is added or multiplied to its result; none where scores are rounded to levels, which those of other classes would not fit. */
  readonly tensors: readonly ClassTensor[];
  /** As many as the tensors have entries. */
  readonly classes: number;
  /** Numbers that go into one score. */
  readonly inputs: number;
}

/** Operators after the scores that make probabilities of them or another shape, and neither changes their order. */
const endings = new Set(["Cast", "Dropout", "Flatten", "Identity", "LogSoftmax", "Reshape", "Softmax", "Squeeze", "Transpose", "Unsqueeze"]);
/** Operators that may stand between the classifier and the scores, all reading one tensor and leaving each class by itself. */
const followers = new Set([
  ...endings,
  "AveragePool",
  "Clip",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "LeakyRelu",
  "MaxPool",
  "ReduceMean",
  "ReduceSum",
  "Relu",
  "Sigmoid",
]);
/** Operators between a file's weights and the product that takes them. */
const arrangements = new Set(["Cast", "DequantizeLinear", "Identity", "Reshape", "Transpose"]);
const arithmetic = new Set(["Add", "Div", "Mul", "Sub"]);

/** Who makes each tensor of a graph, and how many read it. */
class Wiring {
  readonly makers = new Map<string, OnnxNode>();
  readonly readers = new Map<string, number>();

  constructor(readonly model: OnnxModel) {
    for (const node of model.nodes) {
      for (const name of node.outputs) this.makers.set(name, node);
      for (const name of node.inputs) this.readers.set(name, (this.readers.get(name) ?? 0) + 1);
    }
  }

  /** An initializer that one node alone reads, perhaps transposed, and which of its axes `axis` is. */
  own(name: string | undefined, axis: number): ClassTensor | undefined {
    if (!name || this.readers.get(name) !== 1) return undefined;
    if (this.model.initializers.has(name)) return { name, axis };
    const maker = this.makers.get(name);
    const order = maker?.attributes.get("perm") ?? [1, 0];
    return maker?.op === "Transpose" && Array.isArray(order) ? this.own(maker.inputs[0], order[axis]) : undefined;
  }

  /** Whether a node multiplies by weights of the file, in whatever form it has them. */
  isFixedProduct({ op, inputs, attributes }: OnnxNode): boolean {
    if (!(op === "Gemm" || op === "MatMul" || (op === "Conv" && (attributes.get("group") ?? 1) === 1))) return false;
    for (let name = inputs[1]; !this.model.initializers.has(name); ) {
      const maker = this.makers.get(name);
      if (!maker || !arrangements.has(maker.op)) return false;
      name = maker.inputs[0];
    }
    return true;
  }

  sizes({ name, axis }: ClassTensor): { along: number; all: number } {
    const { shape } = this.model.initializers.get(name) as StoredTensor;
    return { along: shape[axis], all: sizeOf(shape) };
  }
}

/** Rounding to the levels of a quantised file. */
const rounding = new Set(["DequantizeLinear", "QuantizeLinear"]);

/** Where the scores of a graph's output come from, before what only makes probabilities or another shape of them; levels of probabilities go with these. */
export function scoresOf(model: OnnxModel, output: string): string {
  const { makers } = new Wiring(model);
  let scores = output;
  let isRounded = false;
  let name = output;
  for (let node = makers.get(name); node && (endings.has(node.op) || rounding.has(node.op)); node = makers.get(name)) {
    name = node.inputs[0];
    isRounded = rounding.has(node.op) || (isRounded && !node.op.endsWith("Softmax"));
    if (!isRounded) scores = name;
  }
  return scores;
}

/**
 * The last layer with weights before the scores: Gemm, MatMul or a convolution, and what is added or multiplied to its
 * result; `undefined` where a graph ends otherwise, or where its weights are used twice.
 */
export function classifierOf(model: OnnxModel, scores: string): Classifier | undefined {
  const wiring = new Wiring(model);
  const later: string[] = [];
  let isRounded = false;
  let name = scores;
  for (let node = wiring.makers.get(name); node; node = wiring.makers.get(name)) {
    const layer = layerOf(node, wiring);
    if (isRounded && wiring.isFixedProduct(node)) return { features: node.inputs[0], convolution: node.op === "Conv", tensors: [], classes: 0, inputs: 1 };
    if (layer) return isRounded ? undefined : withTensors(node, layer, later, wiring);
    if (arithmetic.has(node.op)) {
      const known = node.inputs.findIndex((input) => model.initializers.has(input));
      if (known < 0) return undefined;
      later.push(node.inputs[known]);
      name = node.inputs[1 - known];
    } else if (followers.has(node.op) || rounding.has(node.op)) {
      isRounded ||= rounding.has(node.op);
      name = node.inputs[0];
    } else return undefined;
  }
  return undefined;
}

/** Weight and bias of a node that can be a classifier. */
function layerOf({ op, inputs, attributes }: OnnxNode, wiring: Wiring): { weight: ClassTensor; bias?: string } | undefined {
  const flag = (name: string, otherwise: number) => attributes.get(name) ?? otherwise;
  const axis =
    op === "Conv" && flag("group", 1) === 1 ? 0 : op === "Gemm" && flag("transA", 0) === 0 ? (flag("transB", 0) === 0 ? 1 : 0) : op === "MatMul" ? 1 : -1;
  const weight = axis < 0 ? undefined : wiring.own(inputs[1], axis);
  const rank = weight && wiring.model.initializers.get(weight.name)?.shape.length;
  return weight && rank === (op === "Conv" ? 4 : 2) ? { weight, bias: inputs[2] || undefined } : undefined;
}

function withTensors(
  node: OnnxNode,
  { weight, bias }: { weight: ClassTensor; bias?: string },
  later: readonly string[],
  wiring: Wiring,
): Classifier | undefined {
  const { along: classes, all } = wiring.sizes(weight);
  const tensors = [weight];
  for (const name of bias ? [bias, ...later] : later) {
    const shape = wiring.model.initializers.get(name)?.shape ?? [];
    if (sizeOf(shape) === 1) continue; // one number for all classes
    const axis = shape.findLastIndex((size) => size === classes);
    const own = axis < 0 ? undefined : wiring.own(name, axis);
    if (!own || sizeOf(shape) !== classes) return undefined;
    tensors.push(own);
  }
  let features = node.inputs[0];
  for (let maker = wiring.makers.get(features); maker?.op === "Dropout" && wiring.readers.get(features) === 1; maker = wiring.makers.get(features))
    features = maker.inputs[0];
  return { features, convolution: node.op === "Conv", tensors, classes, inputs: all / classes };
}

/** The graph with its classifier's tensors for another number of classes, all zeros. */
export function resized(model: OnnxModel, { tensors, classes }: Classifier, numClasses: number): OnnxModel {
  if (numClasses === classes) return model;
  const initializers = new Map(model.initializers);
  for (const { name, axis } of tensors) {
    const { type, shape } = model.initializers.get(name) as StoredTensor;
    const other = shape.with(axis, numClasses);
    initializers.set(name, { type, shape: other, decode: () => constant(type, other, new Float32Array(sizeOf(other))) });
  }
  return { ...model, initializers };
}

/** The graph with a classifier behind what it gives, all zeros. */
export function extended(model: OnnxModel, inputs: number, numClasses: number): OnnxModel {
  const zeros = (...shape: number[]) => stored(constant("float32", shape, new Float32Array(sizeOf(shape))));
  const taken = new Set([...model.initializers.keys(), ...model.inputs.map(({ name }) => name), ...model.nodes.flatMap(({ outputs }) => outputs)]);
  let layer = "classifier";
  while (["", ".weight", ".bias", ".input"].some((ending) => taken.has(layer + ending))) layer += "_";
  const [features, weight, bias] = [`${layer}.input`, `${layer}.weight`, `${layer}.bias`];
  const flatten: OnnxNode = { name: "", op: "Flatten", inputs: [model.outputs[0].name], outputs: [features], attributes: new Map() };
  const gemm: OnnxNode = { name: layer, op: "Gemm", inputs: [features, weight, bias], outputs: [layer], attributes: new Map([["transB", 1]]) };
  return {
    ...model,
    nodes: [...model.nodes, flatten, gemm],
    initializers: new Map([...model.initializers, [weight, zeros(numClasses, inputs)], [bias, zeros(numClasses)]]),
    outputs: [{ name: layer, type: "float32" }],
  };
}
