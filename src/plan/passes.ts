import { atOnce, type Slices } from "../core/slices.js";
import { Graph, type Node, type Value } from "../graph/graph.js";
import type { Attributes, OpDefinition } from "../graph/op.js";
import { batchNormFrozen } from "../ops/batch-norm.js";
import { clip } from "../ops/clip.js";
import { conv2d } from "../ops/conv2d.js";
import { dense } from "../ops/dense.js";
import { depthwiseConv2d } from "../ops/depthwise.js";
import { normScale, normShift } from "../ops/fold-norm.js";
import { mul } from "../ops/mul.js";
import { relu } from "../ops/relu.js";

const products = new Set<unknown>([conv2d, depthwiseConv2d, dense]);

/**
 * Copies a graph with fewer sweeps over memory: batch norm with fixed statistics folds into the weights of the
 * product before it, and a ReLU or clip into the store of the product or norm before it. A value is only fused away
 * where nothing else reads it, so a graph with backward nodes keeps what they need.
 */
export const fuse = (graph: Graph): Graph => atOnce(fusing(graph));

/** `fuse` in slices, a node each. */
export function* fusing(graph: Graph): Slices<Graph> {
  const fused = new Graph();
  const users = countUsers(graph);
  const copies = new Map<Value, Value>();
  const done = new Set<Node>();
  const copy = (value: Value) => copies.get(value) as Value;

  for (const value of graph.inputs.values()) copies.set(value, fused.input(value.name, value.shape, value.dtype));
  for (const value of graph.kept.values()) copies.set(value, fused.keep(value.kind as "parameter", value.name, value.shape, value));

  for (const node of liveNodes(graph)) {
    yield;
    if (done.has(node)) continue;
    fused.scope = node.scope;
    const tensors = Object.fromEntries(node.inputNames.map((name) => [name, copy(node.tensors[name])]));
    let attributes = node.attributes;
    let last = node;
    if (products.has(node.op)) {
      const norm = onlyUser(users, node, batchNormFrozen, "x");
      if (norm && bounds(attributes) === undefined) {
        const { weight, bias, mean, variance } = Object.fromEntries(norm.inputNames.map((name) => [name, copies.get(norm.tensors[name])]));
        if (weight && bias && mean && variance) {
          const scale = normScale({ weight, variance }, { epsilon: norm.attributes.epsilon as number });
          tensors.bias = normShift({ scale, normBias: bias, mean, bias: tensors.bias });
          tensors.weight = mul({ a: tensors.weight, b: scale });
          attributes = { ...attributes, ...bounds(norm.attributes) };
          done.add(norm);
          last = norm;
        }
      }
    }
    if ((products.has(node.op) || is(node, batchNormFrozen)) && bounds(attributes) === undefined) {
      const activation = onlyUser(users, last, relu, "x") ?? onlyUser(users, last, clip, "x");
      if (activation) {
        attributes = { ...attributes, ...(is(activation, relu) ? { low: 0 } : bounds(activation.attributes)) };
        done.add(activation);
        last = activation;
      }
    }
    const outputs = fused.addNode(node.op, tensors, attributes);
    if (last === node) for (const name of node.outputNames) copies.set(node.tensors[name], outputs[name]);
    else copies.set(last.tensors.y, outputs.y);
  }
  fused.scope = "";
  for (const [name, value] of graph.outputs) fused.output(name, copy(value));
  return fused;
}

/** The clamp of a node that has one. */
function bounds({ low, high }: Attributes): { low: number; high: number } | undefined {
  return low === -Infinity && high === Infinity ? undefined : { low: low as number, high: high as number };
}

/** The node that alone reads `node`'s first output, if it is of the given op and reads it as the named input. */
function onlyUser(users: Map<Value, (Node | null)[]>, node: Node, op: unknown, input: string): Node | undefined {
  const readers = users.get(node.tensors[node.outputNames[0]]);
  const [reader] = readers ?? [];
  return readers?.length === 1 && reader && is(reader, op) && reader.tensors[input] === node.tensors[node.outputNames[0]] ? reader : undefined;
}

/** Readers of each value; `null` stands for the caller, who reads outputs. */
function countUsers(graph: Graph): Map<Value, (Node | null)[]> {
  const users = new Map<Value, (Node | null)[]>();
  const note = (value: Value, user: Node | null) => users.set(value, [...(users.get(value) ?? []), user]);
  for (const node of liveNodes(graph)) for (const name of node.inputNames) note(node.tensors[name], node);
  for (const value of graph.outputs.values()) note(value, null);
  return users;
}

/** Whether a node is of this op. */
export const is = (node: Node, op: unknown): boolean => (node.op as OpDefinition | unknown) === op;

/** Nodes that an output or a write to a kept tensor needs, in order. */
export function liveNodes(graph: Graph): Node[] {
  const live = new Set<Node>();
  const stack = [...graph.outputs.values()].flatMap((value) => value.node ?? []);
  stack.push(...graph.nodes.filter((node) => node.op.mutates));
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    for (const name of node.inputNames) if (node.tensors[name].node) stack.push(node.tensors[name].node as Node);
  }
  return graph.nodes.filter((node) => live.has(node));
}
