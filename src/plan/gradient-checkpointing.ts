import { bytesPerElement } from "../core/dtype.js";
import { sizeOf } from "../core/shape.js";
import type { Slices } from "../core/slices.js";
import { Graph, type Node, type Value } from "../graph/graph.js";
import { liveNodes } from "./passes.js";

/**
 * Copies a training graph so that of the forward part only few values are kept for the backward part: the forward nodes are cut into
 * segments, and where the backward part reaches a segment, what it needs of it is computed again from the values that crossed the
 * segment's borders (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). The copies have the same bits: dropout draws the
 * same mask, batch norm takes the statistics that it found the first time, and what writes kept tensors is never repeated. Costs at most
 * one more forward pass. A graph without a backward part stays as it is.
 */
export function* checkpointGradients(graph: Graph): Slices<Graph> {
  const nodes = liveNodes(graph);
  const end = forwardEnd(graph, nodes);
  const uses = readers(nodes);
  const again = new Map<number, readonly Node[]>();
  const cuts = yield* bestCuts(nodes, end, uses);
  for (const [i, stop] of cuts.entries()) {
    yield;
    const repeat = repetition(graph, nodes, { start: cuts[i - 1] ?? 0, stop, end }, uses);
    if (repeat) again.set(repeat.place, [...(again.get(repeat.place) ?? []), ...repeat.nodes]);
  }

  const result = new Graph();
  result.sharing = false; // equal nodes are there to be computed twice
  const copies = new Map<Value, Value>();
  const copyOf = (value: Value) => copies.get(value) as Value;
  const inputsOf = ({ inputNames, tensors }: Node) => Object.fromEntries(inputNames.map((name) => [name, copyOf(tensors[name])]));
  for (const value of graph.inputs.values()) copies.set(value, result.input(value.name, value.shape, value.dtype));
  for (const value of graph.kept.values()) copies.set(value, result.keep(value.kind as "parameter", value.name, value.shape, value));
  const add = (node: Node) => {
    result.scope = node.scope;
    const outputs = result.addNode(node.op, inputsOf(node), node.attributes);
    for (const name of node.outputNames) copies.set(node.tensors[name], outputs[name]);
  };
  for (const [index, node] of nodes.entries()) {
    yield;
    for (const repeated of again.get(index) ?? []) {
      const { op, scope, tensors, outputNames, attributes } = repeated;
      result.scope = scope;
      if (typeof op.recompute !== "function") add(repeated);
      else
        copies.set(
          tensors[outputNames[0]],
          op.recompute(Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, copyOf(value)])), attributes),
        );
    }
    add(node);
  }
  result.scope = "";
  for (const [name, value] of graph.outputs) result.output(name, copyOf(value));
  return result;
}

/** One past the last node that an output needs: what follows is only there to write kept tensors. */
function forwardEnd(graph: Graph, nodes: readonly Node[]): number {
  const needed = new Set<Value>(graph.outputs.values());
  let end = 0;
  for (let index = nodes.length - 1; index >= 0; index--) {
    const { tensors, inputNames, outputNames } = nodes[index];
    if (!outputNames.some((name) => needed.has(tensors[name]))) continue;
    for (const name of inputNames) needed.add(tensors[name]);
    end ||= index + 1;
  }
  return end;
}

/** Positions of the nodes that read each value, rising. */
function readers(nodes: readonly Node[]): Map<Value, number[]> {
  const uses = new Map<Value, number[]>();
  nodes.forEach(({ inputNames, tensors }, index) => {
    for (const name of inputNames) {
      const known = uses.get(tensors[name]);
      if (known) known.push(index);
      else uses.set(tensors[name], [index]);
    }
  });
  return uses;
}

interface Segment {
  readonly start: number;
  readonly stop: number;
  /** Of the forward part. */
  readonly end: number;
}

/** The nodes of a segment that the backward part needs a second time, in order, and the node before which it does. */
function repetition(
  graph: Graph,
  nodes: readonly Node[],
  { start, stop, end }: Segment,
  uses: ReadonlyMap<Value, readonly number[]>,
): { place: number; nodes: readonly Node[] } | undefined {
  const outputs = new Set(graph.outputs.values());
  const usesOf = (value: Value) => uses.get(value) ?? [];
  const crosses = (value: Value) => outputs.has(value) || usesOf(value).some((use) => use >= stop && use < end);
  const wanted = new Set<Value>();
  const repeated: Node[] = [];
  let place = nodes.length;
  for (let index = stop - 1; index >= start; index--) {
    const node = nodes[index];
    if (node.op.mutates) continue;
    const names = typeof node.op.recompute === "function" ? node.outputNames.slice(0, 1) : node.outputNames;
    const made = names.map((name) => node.tensors[name]).filter((value) => !crosses(value));
    const late = made.flatMap((value) => usesOf(value).find((use) => use >= end) ?? []);
    if (late.length === 0 && !made.some((value) => wanted.has(value))) continue;
    place = Math.min(place, ...late);
    repeated.unshift(node);
    for (const name of node.inputNames) wanted.add(node.tensors[name]);
  }
  const written = new Set(nodes.slice(0, place).flatMap(({ op, tensors }) => (op.mutates ?? []).map((name) => tensors[name])));
  return repeated.length > 0 && ![...wanted].some((value) => written.has(value)) ? { place, nodes: repeated } : undefined;
}

/**
 * Where to cut the forward part so that the fullest moment of the backward part holds least: in a segment's turn, the values that cross its
 * border and those before it, what the segment itself keeps, and two gradients. The least maximum is found by bisection; whether one can
 * be kept, by giving each border the cheapest way to reach it.
 */
function* bestCuts(nodes: readonly Node[], end: number, uses: ReadonlyMap<Value, readonly number[]>): Slices<number[]> {
  const crossing = new Float64Array(end + 1);
  const kept = new Float64Array(end + 1); // sums over the nodes before each position
  const largest = new Float64Array(end);
  nodes.slice(0, end).forEach(({ outputNames, tensors }, index) => {
    kept[index + 1] = kept[index];
    for (const name of outputNames) {
      const value = tensors[name];
      const bytes = sizeOf(value.shape) * bytesPerElement[value.dtype];
      const found = uses.get(value) ?? [];
      const lastForward = found.findLast((use) => use < end) ?? index;
      for (let position = index + 1; position <= lastForward; position++) crossing[position] += bytes;
      if ((found.at(-1) ?? 0) >= end) kept[index + 1] += bytes;
      largest[index] = Math.max(largest[index], bytes);
    }
  });

  /** The cuts that stay within `most` bytes, or nothing. They lie before what is cheap to make again, so that the next segment does it. */
  const cutsWithin = (most: number): number[] | undefined => {
    const least = new Float64Array(end + 1).fill(Number.POSITIVE_INFINITY);
    const from = new Int32Array(end + 1);
    least[0] = 0;
    for (let start = 0; start < end; start++) {
      if (least[start] > most) continue;
      let gradients = 0;
      for (let stop = start + 1; stop <= end; stop++) {
        gradients = Math.max(gradients, 2 * largest[stop - 1]);
        if (least[start] + kept[stop] - kept[start] + gradients > most) break;
        const bytes = least[start] + (stop < end ? crossing[stop] : 0);
        const { op } = nodes[stop - 1];
        if (bytes >= least[stop] || (stop < end && (op.recompute || op.mutates))) continue;
        least[stop] = bytes;
        from[stop] = start;
      }
    }
    if (least[end] === Number.POSITIVE_INFINITY) return undefined;
    const cuts: number[] = [];
    for (let at = from[end]; at > 0; at = from[at]) cuts.unshift(at);
    return cuts;
  };

  let best: number[] = [];
  let [low, high] = [0, kept[end] + 2 * Math.max(0, ...largest)];
  for (let round = 0; round < 24; round++) {
    yield;
    const middle = (low + high) / 2;
    const cuts = cutsWithin(middle);
    if (cuts) [best, high] = [cuts, middle];
    else low = middle;
  }
  return best;
}
