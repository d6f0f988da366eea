/** From a foreign graph to ours: the one place where operators of files become ops of the engine. */
import { effortFor, withEffort } from "../effort.js";
import { FormatError, ShapeError } from "../../../core/errors.js";
import type { Initializer } from "../../../graph/graph.js";
import type { Scope } from "../../../nn/scope.js";
import type { Constant, StoredTensor } from "../constant.js";
import { evaluate } from "../evaluate/index.js";
import { nodesFor } from "../fold.js";
import type { OnnxModel } from "../read-model.js";
import { type Build, type Building, NodeCall } from "./call.js";
import { activations } from "./activation.js";
import { convolutions } from "./convolution.js";
import { elementwiseOperators } from "./elementwise.js";
import { gathers } from "./gather.js";
import { normalizations } from "./normalization.js";
import { pools } from "./pooling.js";
import { products } from "./product.js";
import { quantizedOperators } from "./quantized.js";
import { reductionOperators } from "./reductions.js";
import { resizes } from "./resize.js";
import { shapeOperators, views } from "./shapes.js";
import { decoded, initializer, isKnown, type Known, known, type Tensor } from "./tensor.js";

export { computed, type Computed, decoded, inOrder, isKnown, type Known, type Tensor } from "./tensor.js";

const viewing = new Map(Object.entries(views));
const operators = new Map<string, Build>(
  Object.entries({
    ...activations,
    ...convolutions,
    ...elementwiseOperators,
    ...gathers,
    ...normalizations,
    ...pools,
    ...products,
    ...quantizedOperators,
    ...reductionOperators,
    ...resizes,
    ...shapeOperators,
  }),
);

/** Operators that only make constants. */
const constants = ["Constant", "ConstantOfShape", "Range"];

/** Operators that graphs may use on what is computed, by ONNX's names. */
export const supportedOperators: readonly string[] = [...operators.keys(), ...viewing.keys(), ...constants];

/** Operators whose result only depends on the shape of what they read. */
const ofShapes = new Set(["Shape", "Size"]);

export interface BuildOptions {
  /** Names of the tensors to give, of the graph's outputs or inside it; default its outputs. Nodes that none of them needs are left out. */
  readonly outputs?: readonly string[];
  /** How weights start that may be wanted without their numbers, by name; default zeros. */
  readonly initializers?: ReadonlyMap<string, Initializer>;
}

export interface Built {
  /** The tensors that were asked for, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Where the numbers of the graph's parameters and buffers come from, by their names: initializers, and constants folded of them. */
  readonly weights: ReadonlyMap<string, StoredTensor>;
}

/**
 * Adds the nodes of a model to the graph of `net`, a root scope. What is known is evaluated on the spot, so that shape
 * arithmetic disappears; float initializers become parameters under their names where they meet an activation, running
 * statistics buffers.
 *
 * @param inputs tensors of the graph's inputs, or of any inner tensor by its name: nodes that only make those are left out
 * @throws {UnsupportedOpError | FormatError} naming the node, the shapes of its inputs and the opset
 */
export function buildOnnx(model: OnnxModel, net: Scope, inputs: ReadonlyMap<string, Constant | Tensor>, options: BuildOptions = {}): Built {
  return withEffort(effortFor(model.initializers), () => build(model, net, inputs, options));
}

function build(model: OnnxModel, net: Scope, inputs: ReadonlyMap<string, Constant | Tensor>, options: BuildOptions): Built {
  const names = options.outputs ?? model.outputs.map(({ name }) => name);
  const weights = new Map<string, StoredTensor>();
  const building: Building = { net, opset: model.opset, file: model.file, weights, initializers: options.initializers };
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of model.initializers) tensors.set(name, initializer(name, tensor));
  for (const [name, tensor] of inputs) tensors.set(name, "data" in tensor ? known(tensor, name) : tensor);
  for (const node of nodesFor(model.nodes, names, tensors)) {
    const call = new NodeCall(
      node,
      node.inputs.map((name) => (name ? tensor(name, tensors, model) : undefined)),
      building,
    );
    net.graph.scope = node.name || node.outputs[0];
    const made = make(call);
    node.outputs.forEach((name, i) => {
      if (name && made[i]) tensors.set(name, made[i]);
    });
  }
  net.graph.scope = "";
  return { outputs: new Map(names.map((name) => [name, tensor(name, tensors, model)])), weights };
}

function tensor(name: string, tensors: ReadonlyMap<string, Tensor>, { file }: OnnxModel): Tensor {
  const found = tensors.get(name);
  if (!found) throw new FormatError(`onnx: nothing makes "${name}" (${file})`);
  return found;
}

/** The outputs of one node. */
function make(call: NodeCall): readonly Tensor[] {
  const { op } = call.node;
  try {
    const view = viewing.get(op)?.(call);
    if (view) return [named(view, call)];
    if (isFoldable(call)) return folded(call);
    const build = operators.get(op) ?? call.unsupported("is not supported");
    const made = build(call);
    return "shape" in made ? [made] : made;
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    const message = cause.message.startsWith("onnx: ") ? cause.message : `onnx: ${call.where}: ${cause.message} (${call.file})`;
    throw new FormatError(message, { cause });
  }
}

/** A constant of a `Constant` node keeps that node's name through views. */
const named = (tensor: Tensor, { node }: NodeCall): Tensor => (isKnown(tensor) && tensor.name === "" ? { ...tensor, name: node.outputs[0] } : tensor);

/** Whether all that a node reads is known, and it is not weights that are stretched to shapes that vary: those stay weights. */
function isFoldable({ inputs, node }: NodeCall): boolean {
  const given = inputs.filter((input) => input !== undefined);
  if (ofShapes.has(node.op) || !given.every(isKnown)) return false;
  return !(given.some(({ learned }) => learned) && given.some(({ varies }) => varies));
}

function folded(call: NodeCall): Known[] {
  const given = call.inputs as readonly (Known | undefined)[];
  const [learned, varies] = [given.some((input) => input?.learned), given.some((input) => input?.varies)];
  const constants = given.map((input) => input && decoded(input));
  return evaluate(call.node, call.opset, constants, call.file).map((made, i) => known(made, call.node.outputs[i] ?? "", { learned, varies }));
}
