import type { Slices } from "../core/slices.js";
import { Graph, type Node, type Value } from "../graph/graph.js";
import { liveNodes } from "./passes.js";

/** Nodes between two readers of a value from which on it is worth being computed twice. */
const farApart = 12;

/**
 * Copies a graph so that values which are cheap to compute are not kept from the forward to the backward part: where
 * two readers are far apart, the later ones read a second copy, made just before them (Chen et al. 2016, "Training Deep
 * Nets with Sublinear Memory Cost"). Only where everything that the copy is made of is alive there anyway, so memory
 * never grows; and the copy has the same bits.
 */
export function* rematerialize(graph: Graph): Slices<Graph> {
  const nodes = liveNodes(graph);
  const again = yield* placesToRecompute(graph, nodes);
  if (again.size === 0) return graph;
  const result = new Graph();
  result.sharing = false; // equal nodes are there to be computed twice
  const copies = new Map<Value, Value>();
  const copyOf = (value: Value) => copies.get(value) as Value;
  const inputsOf = (names: readonly string[], { tensors }: Node) => Object.fromEntries(names.map((name) => [name, copyOf(tensors[name])]));

  for (const value of graph.inputs.values()) copies.set(value, result.input(value.name, value.shape, value.dtype));
  for (const value of graph.kept.values()) copies.set(value, result.keep(value.kind as "parameter", value.name, value.shape, value));
  for (const [index, node] of nodes.entries()) {
    yield;
    for (const { op, scope, inputNames, outputNames, tensors, attributes } of again.get(index) ?? []) {
      result.scope = scope;
      const known = Object.fromEntries([...inputNames, ...outputNames].map((name) => [name, copyOf(tensors[name])]));
      const value =
        op.recompute === true ? result.addNode(op, inputsOf(inputNames, { tensors } as Node), attributes)[outputNames[0]] : op.recompute?.(known, attributes);
      copies.set(tensors[outputNames[0]], value as Value);
    }
    result.scope = node.scope;
    const outputs = result.addNode(node.op, inputsOf(node.inputNames, node), node.attributes);
    for (const name of node.outputNames) copies.set(node.tensors[name], outputs[name]);
  }
  result.scope = "";
  for (const [name, value] of graph.outputs) result.output(name, copyOf(value));
  return result;
}

/** For each position, the nodes whose first output is to be made again before it. */
function* placesToRecompute(graph: Graph, nodes: readonly Node[]): Slices<Map<number, Node[]>> {
  const readers = new Map<Value, number[]>();
  const written = new Map<Value, number>();
  nodes.forEach((node, index) => {
    for (const name of node.inputNames) readers.set(node.tensors[name], [...(readers.get(node.tensors[name]) ?? []), index]);
    for (const name of node.op.mutates ?? [])
      if (node.tensors[name]) written.set(node.tensors[name], Math.min(written.get(node.tensors[name]) ?? index, index));
  });
  const outputs = new Set(graph.outputs.values());
  const places = new Map<number, Node[]>();

  // From the last node to the first: a copy of a later value is one more reader of what it is made of.
  for (let index = nodes.length - 1; index >= 0; index--) {
    yield;
    const node = nodes[index];
    const [first, ...others] = node.outputNames.map((name) => node.tensors[name]);
    if (!node.op.recompute || outputs.has(first)) continue;
    const uses = (readers.get(first) ?? []).sort((a, b) => a - b);
    const at = uses.findIndex((use, i) => i > 0 && use - uses[i - 1] > farApart);
    if (at < 0) continue;
    const place = uses[at];
    const sources = [...node.inputNames.map((name) => node.tensors[name]), ...others];
    const alive = (source: Value) => isKept(source) || outputs.has(source) || (readers.get(source) ?? []).some((use) => use >= place);
    if (!sources.every((source) => alive(source) && (written.get(source) ?? Number.POSITIVE_INFINITY) > place)) continue;
    for (const source of sources) readers.get(source)?.push(place);
    places.set(place, [node, ...(places.get(place) ?? [])]);
  }
  return places;
}

function isKept({ kind }: Value): boolean {
  return kind !== "node" && kind !== "input";
}
