import { ShapeError, UnsupportedOpError } from "../core/errors.js";
import { formatShape, sameShape, sizeOf } from "../core/shape.js";
import { atOnce, type Slices } from "../core/slices.js";
import type { Value } from "../graph/graph.js";
import { add } from "../ops/add.js";
import { fill } from "../ops/fill.js";

/**
 * Adds the backward nodes for d`y`/d`wanted` to y's graph and gives the gradient of each wanted value (reverse mode:
 * Griewank & Walther, "Evaluating Derivatives", algorithm 3.2). Nodes that no wanted value reaches get none.
 *
 * @param dy gradient to start from, of y's shape; default 1, for a `y` of one element
 * @returns gradients by value; a wanted value that does not reach `y` is not in the map
 * @throws {UnsupportedOpError} where an op on the way has no gradient for an input that needs one
 */
export const gradients = (y: Value, wanted: readonly Value[], dy?: Value): Map<Value, Value> => atOnce(differentiating(y, wanted, dy));

/** `gradients` in slices, a node each. */
export function* differentiating(y: Value, wanted: readonly Value[], dy?: Value): Slices<Map<Value, Value>> {
  if (!dy && sizeOf(y.shape) !== 1) throw new ShapeError(`gradients: y has shape ${formatShape(y.shape)}; expected one element, or a dy to start from`);
  if (dy && !sameShape(dy.shape, y.shape)) throw new ShapeError(`gradients: dy is ${formatShape(dy.shape)}, expected y's shape ${formatShape(y.shape)}`);

  const { graph } = y;
  const forward = graph.nodes.slice(0, (y.node?.id ?? -1) + 1);
  const needed = new Set<Value>(wanted);
  for (const node of forward) {
    if (node.inputNames.some((name) => needed.has(node.tensors[name]))) for (const name of node.outputNames) needed.add(node.tensors[name]);
  }

  const found = new Map<Value, Value>();
  if (needed.has(y)) found.set(y, dy ?? fill({ x: y }, { value: 1 }));
  const scope = graph.scope;
  for (const node of forward.reverse()) {
    yield;
    const gradient = found.get(node.tensors[node.outputNames[0]]);
    if (!gradient) continue;
    // Small gradients first: they read more than the large one, which may then take the place of what only they read.
    const inputs = [...node.inputNames.entries()].sort(([, a], [, b]) => sizeOf(node.tensors[a].shape) - sizeOf(node.tensors[b].shape));
    inputs.forEach(([index, name]) => {
      const input = node.tensors[name];
      if (!needed.has(input)) return;
      const rule = node.op.gradient?.[node.op.variadic ? node.op.inputs[0] : name];
      if (!rule) throw new UnsupportedOpError(`${node.op.name}: no gradient for input "${name}" at ${node.scope || "the top"}`);
      graph.scope = node.scope;
      const part = rule({ ...node.tensors, dy: gradient }, node.attributes, index);
      if (!sameShape(part.shape, input.shape)) {
        throw new ShapeError(`${node.op.name}: gradient of "${name}" is ${formatShape(part.shape)}, expected ${formatShape(input.shape)} at ${node.scope}`);
      }
      const known = found.get(input);
      found.set(input, known ? add({ a: known, b: part }) : part);
    });
  }
  graph.scope = scope;
  return new Map(wanted.filter((value) => found.has(value)).map((value) => [value, found.get(value) as Value]));
}
