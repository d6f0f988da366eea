import { sizeOf, type Shape } from "../core/shape.js";
import type { Graph, Node } from "../graph/graph.js";

/** What one node computes. */
export interface LayerCost {
  /** Place in the network: `layer1.0.conv1`. */
  readonly scope: string;
  readonly op: string;
  /** Of the first output. */
  readonly shape: Shape;
  readonly flops: number;
  /** Elements of the parameters that the node reads. */
  readonly parameters: number;
}

export interface Cost {
  /** Elements of all parameters (running statistics are not parameters). */
  readonly parameters: number;
  /** Of one run of the graph, at its batch size. A multiply-add counts as two. */
  readonly flops: number;
  /** Multiply-adds of convolutions and matrix products, what papers print as "FLOPs" or "MACs". */
  readonly multiplyAdds: number;
  readonly layers: readonly LayerCost[];
}

const products = new Set(["conv2d", "depthwiseConv2d", "dense", "matmul", "attention"]);

/** Counts parameters and arithmetic of a graph from its ops' own figures. */
export function costOf(graph: Graph): Cost {
  const layers = graph.nodes.map(layerCost);
  const kept = [...graph.kept.values()].filter((value) => value.kind === "parameter");
  return {
    parameters: total(kept.map((value) => sizeOf(value.shape))),
    flops: total(layers.map((layer) => layer.flops)),
    multiplyAdds: total(layers.filter((layer) => products.has(layer.op)).map((layer) => layer.flops)) / 2,
    layers,
  };
}

function layerCost(node: Node): LayerCost {
  const shapes = Object.fromEntries(Object.entries(node.tensors).map(([name, value]) => [name, value.shape]));
  const parameters = node.inputNames.map((name) => node.tensors[name]).filter((value) => value.kind === "parameter");
  return {
    scope: node.scope,
    op: node.op.name,
    shape: shapes[node.outputNames[0]] ?? [],
    flops: node.op.flops?.(shapes, node.attributes) ?? 0,
    parameters: total(parameters.map((value) => sizeOf(value.shape))),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
