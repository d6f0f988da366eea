import { FormatError } from "../../core/errors.js";
import { sizeOf } from "../../core/shape.js";
import { type Constant, isFloat, type StoredTensor } from "./constant.js";
import { type Effort, effortFor, withEffort } from "./effort.js";
import { evaluate } from "./evaluate/index.js";
import type { OnnxModel, OnnxNode, OnnxTensorInfo } from "./read-model.js";

/** Nodes that the named tensors need, in order, without those that only make what is given. */
export function nodesFor(nodes: readonly OnnxNode[], names: readonly string[], given: { has(name: string): boolean }): OnnxNode[] {
  const needed = new Set(names);
  return nodes
    .toReversed()
    .filter(({ inputs, outputs }) => {
      const isNeeded = outputs.some((name) => needed.has(name) && !given.has(name));
      if (isNeeded) for (const name of inputs) needed.add(name);
      return isNeeded;
    })
    .reverse();
}

/**
 * The part of a graph that lies between some tensors: nodes that the last ones need, and the initializers that those read.
 *
 * @param ends.inputs tensors to begin at, default the graph's inputs
 * @param ends.outputs tensors to end with, default the graph's outputs
 */
export function subgraph(model: OnnxModel, ends: { inputs?: readonly OnnxTensorInfo[]; outputs?: readonly OnnxTensorInfo[] } = {}): OnnxModel {
  const { inputs, outputs } = { ...model, ...ends };
  const given = new Set(inputs.map(({ name }) => name));
  const names = outputs.map(({ name }) => name);
  const nodes = nodesFor(model.nodes, names, given);
  const read = new Set([...names, ...nodes.flatMap((node) => node.inputs)]);
  const initializers = new Map([...model.initializers].filter(([name]) => read.has(name) && !given.has(name)));
  return { ...model, nodes, initializers, inputs, outputs };
}

/** Operators that only say how weights are to be read: to fold them would lose the weights' own names and layouts. */
const views = new Set(["Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"]);
const isWeight = ({ type, shape }: StoredTensor) => isFloat(type) && sizeOf(shape) > 1;

/**
 * The same graph with the nodes that depend on constants alone computed once: their results are initializers, computed when
 * they are asked for. Where an exporter shares equal weights among layers by Identity nodes, each layer gets its own.
 */
export function fold(model: OnnxModel): OnnxModel {
  const known = new Map<string, StoredTensor>(model.initializers);
  const initializers = new Map(known);
  const nodes: OnnxNode[] = [];
  const effort = effortFor(known);
  for (const node of subgraph(model).nodes) {
    const inputs = node.inputs.map((name) => (name ? known.get(name) : undefined));
    const isConstant = node.inputs.every((name, i) => !name || inputs[i]);
    if (!isConstant) {
      nodes.push(node);
      continue;
    }
    const [first] = inputs;
    const stays = views.has(node.op) && first !== undefined && isWeight(first);
    if (stays) nodes.push(node);
    const results = node.op === "Identity" && first && node.outputs.length === 1 ? [first] : computedLater(node, model, inputs, effort);
    node.outputs.forEach((name, i) => {
      if (!name) return;
      known.set(name, results[i]);
      if (!stays) initializers.set(name, results[i]);
    });
  }
  return subgraph({ ...model, nodes, initializers });
}

/** The outputs of a node that reads constants alone, computed at the first question about one of them. */
function computedLater(node: OnnxNode, { opset, file }: OnnxModel, inputs: readonly (StoredTensor | undefined)[], effort: Effort): StoredTensor[] {
  let results: readonly Constant[] | undefined;
  const compute = () => {
    const constants = inputs.map((tensor) => tensor?.decode());
    return evaluate(node, opset, constants, file);
  };
  const result = (i: number): Constant => {
    results ??= withEffort(effort, compute);
    if (results[i]) return results[i];
    throw new FormatError(`onnx: ${node.op} "${node.name}" has ${node.outputs.length} outputs, expected ${results.length} (${file})`);
  };
  return node.outputs.map((_, i) => ({
    get type() {
      return result(i).type;
    },
    get shape() {
      return result(i).shape;
    },
    decode: () => result(i),
  }));
}
