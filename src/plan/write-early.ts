import type { Node, Value } from "../graph/graph.js";

/**
 * Moves every node that writes kept tensors (optimiser steps, running statistics) up to where its inputs are ready and nothing before it
 * in the given order still reads what it writes. So each gradient goes into its parameter when it is made, and not all of them wait for
 * the end; the results are the same.
 */
export function writeEarly(nodes: readonly Node[]): Node[] {
  const ready = new Map<Value, number>(); // position after which a value is there
  const lastRead = new Map<Value, number>();
  const after = nodes.map(({ op, inputNames, outputNames, tensors }, index) => {
    const inputs = inputNames.map((name) => tensors[name]);
    const written = (op.mutates ?? []).map((name) => tensors[name]);
    const bounds = [...inputs.map((value) => ready.get(value)), ...written.map((value) => lastRead.get(value))];
    const place = op.mutates ? Math.max(-1, ...bounds.flatMap((bound) => bound ?? [])) : index;
    for (const name of outputNames) ready.set(tensors[name], place);
    for (const value of written) ready.set(value, place);
    for (const value of inputs) lastRead.set(value, Math.max(place, lastRead.get(value) ?? -1));
    return place;
  });
  return nodes
    .map((node, index) => ({ node, index }))
    .sort((a, b) => after[a.index] - after[b.index] || Number(Boolean(a.node.op.mutates)) - Number(Boolean(b.node.op.mutates)) || a.index - b.index)
    .map(({ node }) => node);
}
