/** Graphs for tests, written as their nodes, and what the evaluator and the engine make of them. */
import type { Shape } from "../../../src/core/shape.js";
import { buildOnnx, computed, isKnown } from "../../../src/formats/onnx/build/index.js";
import { type Constant, constant, type ElementType, stored } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import type { AttributeValue, OnnxModel, OnnxNode } from "../../../src/formats/onnx/read-model.js";
import { Graph } from "../../../src/graph/graph.js";
import { Scope, type ScopeOptions } from "../../../src/nn/scope.js";
import { type BuiltGraph, rowByRow, runBuilt } from "./run-built.js";

/** `node("Conv", "x w", "y", { strides: [2, 2] })`; `_` stands for an input that is left out. */
export const node = (op: string, inputs: string, outputs: string, attributes: Record<string, AttributeValue> = {}): OnnxNode => ({
  name: `${op} of ${outputs}`,
  op,
  inputs: inputs.split(" ").map((name) => (name === "_" ? "" : name)),
  outputs: outputs.split(" "),
  attributes: new Map(Object.entries(attributes)),
});

/** A model with the input x and the outputs named in `outputs`, default y. */
export const graphOf = (
  nodes: readonly OnnxNode[],
  initializers: Record<string, Constant> = {},
  { opset = 17, outputs = "y" }: { opset?: number; outputs?: string } = {},
): OnnxModel => ({
  file: "test.onnx",
  opset,
  producer: "test",
  nodes,
  initializers: new Map(Object.entries(initializers).map(([name, tensor]) => [name, stored(tensor)])),
  inputs: [{ name: "x", type: "float32" }],
  outputs: outputs.split(" ").map((name) => ({ name, type: "float32" })),
  metadata: new Map(),
});

/** Small numbers of either sign that follow from their place, none twice in a row. */
export const numbers = (shape: Shape, seed = 1, type: ElementType = "float32"): Constant =>
  constant(
    type,
    shape,
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (((i + 1) * 7919 * (2 * seed + 1)) % 201) / 100 - 1),
  );

/** The order in which an image lies in memory as the engine takes it, and as the file counts it. */
export const imageOrder = [0, 2, 3, 1];

/** The engine's graph of a model whose x has this shape and lies in memory in this order. */
export function built(model: OnnxModel, shape: Shape, { order, ...options }: ScopeOptions & { order?: readonly number[] } = {}): BuiltGraph {
  const graph = new Graph();
  const axes = order ?? shape.map((_, axis) => axis);
  const x = graph.input(
    "x",
    axes.map((axis) => shape[axis]),
  );
  const { outputs, weights } = buildOnnx(model, new Scope(graph, options), new Map([["x", computed(x, shape, axes)]]));
  for (const [name, tensor] of outputs) if (!isKnown(tensor)) graph.output(name, rowByRow(tensor));
  return { graph, weights };
}

/** How far the engine's outputs are from the evaluator's, relative to the largest number of each. */
export async function difference(model: OnnxModel, x: Constant, order = x.shape.map((_, axis) => axis)): Promise<number> {
  const expected = evaluateGraph(model, new Map([["x", x]]));
  const found = await runBuilt(built(model, x.shape, { order }), { x: inMemory(x, order) });
  let worst = 0;
  for (const [name, { data }] of expected) {
    const largest = Math.max(1e-30, ...Array.from(data, Math.abs));
    if (found[name]?.length !== data.length) throw new Error(`${name} has ${found[name]?.length} numbers, expected ${data.length}`);
    data.forEach((value, i) => {
      if (!Object.is(value, found[name][i])) worst = Math.max(worst, Math.abs(value - found[name][i]) / largest);
    });
  }
  return worst;
}

/** The numbers with their axes in another order. */
export function inMemory({ shape, data }: Constant, order: readonly number[]): Float32Array {
  const graph = evaluateGraph(graphOf([node("Transpose", "x", "y", { perm: order })]), new Map([["x", { type: "float32", shape, data }]]));
  return Float32Array.from(graph.get("y")?.data ?? []);
}
