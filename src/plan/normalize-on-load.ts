import { sizeOf } from "../core/shape.js";
import type { Slices } from "../core/slices.js";
import { Graph, type Node, type Value } from "../graph/graph.js";
import { batchNorm, batchNormFrozen, batchStatistics } from "../ops/batch-norm.js";
import { depthwiseBackwardWeight, depthwiseConv2d } from "../ops/depthwise.js";
import { normScale } from "../ops/fold-norm.js";
import { is, liveNodes } from "./passes.js";

/** A norm's result of fewer bytes stays in the third-level cache between the sweeps that write and read it, which then cost no more than they save. */
export const farNormBytes = 2 ** 23;

/** What a depthwise convolution is given in place of a norm's y. */
interface Load {
  readonly tensors: { readonly x: Value; readonly scale: Value; readonly shift: Value; readonly mean: Value };
  readonly attributes: { readonly lowX: number; readonly highX: number };
}

/**
 * Copies a graph so that depthwise convolutions normalise what they load: where only they, forward or in the gradient of their weights, read a batch
 * norm's y, it is never made. Each of them does for itself what the norm did, so the bits are the same.
 *
 * @param leastBytes of y, from which on this is worthwhile
 */
export function* normalizeOnLoad(graph: Graph, leastBytes: number): Slices<Graph> {
  const nodes = liveNodes(graph);
  const norms = normsOnlyLoaded(graph, nodes, leastBytes);
  if (norms.size === 0) return graph;
  const result = new Graph();
  result.sharing = false; // equal nodes are there to be computed twice
  const copies = new Map<Value, Value>();
  const copy = (value: Value) => copies.get(value) as Value;
  const loads = new Map<Value, Load>();

  for (const value of graph.inputs.values()) copies.set(value, result.input(value.name, value.shape, value.dtype));
  for (const value of graph.kept.values()) copies.set(value, result.keep(value.kind as "parameter", value.name, value.shape, value));
  for (const node of nodes) {
    yield;
    result.scope = node.scope;
    const tensors = Object.fromEntries(node.inputNames.map((name) => [name, copy(node.tensors[name])]));
    if (norms.has(node)) {
      const { epsilon, low, high } = node.attributes as typeof batchNorm.attributes;
      const { x, weight, bias } = tensors;
      const { mean, variance } = is(node, batchNorm) ? batchStatistics.all({ x }) : tensors;
      if (is(node, batchNorm)) copies.set(node.tensors.mean, mean).set(node.tensors.variance, variance);
      const scale = normScale({ weight, variance }, { epsilon });
      loads.set(node.tensors.y, { tensors: { x, scale, shift: bias, mean }, attributes: { lowX: low, highX: high } });
      continue;
    }
    const load = loads.get(node.tensors.x);
    const outputs = result.addNode(node.op, { ...tensors, ...load?.tensors }, { ...node.attributes, ...load?.attributes });
    for (const name of node.outputNames) copies.set(node.tensors[name], outputs[name]);
  }
  result.scope = "";
  for (const [name, value] of graph.outputs) result.output(name, copy(value));
  return result;
}

/** Norms whose y nobody reads but depthwise convolutions, and all of them before anything that these would read is overwritten. */
function normsOnlyLoaded(graph: Graph, nodes: readonly Node[], leastBytes: number): Set<Node> {
  const norms = new Map<Value, Node>();
  const written = new Set<Value>();
  for (const node of nodes) {
    for (const name of node.inputNames) {
      const norm = norms.get(node.tensors[name]);
      if (norm && !(name === "x" && canNormalize(node) && norm.inputNames.every((input) => !written.has(norm.tensors[input]))))
        norms.delete(node.tensors[name]);
    }
    for (const name of node.op.mutates ?? []) if (node.tensors[name]) written.add(node.tensors[name]);
    if ((is(node, batchNorm) || is(node, batchNormFrozen)) && 4 * sizeOf(node.tensors.y.shape) >= leastBytes) norms.set(node.tensors.y, node);
  }
  for (const value of graph.outputs.values()) norms.delete(value);
  return new Set(norms.values());
}

function canNormalize(node: Node): boolean {
  return (is(node, depthwiseConv2d) || is(node, depthwiseBackwardWeight)) && !node.tensors.scale;
}
