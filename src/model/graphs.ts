import { Graph } from "../graph/graph.js";
import type { Architecture } from "../nn/architecture.js";
import { Scope } from "../nn/scope.js";
import { concat } from "../ops/concat.js";

/** What an inference program gives: class scores before softmax, pooled features, the one and then the other, or what the head takes. */
export type Result = "logits" | "embedding" | "both" | "features";

export interface InputSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The graph of one inference: input "x" [N, H, W, C] as preprocessed; the result is the output of its own name. `rewrite`
 * makes another of it, as a quantised model does.
 */
export function inferenceGraph(
  architecture: Architecture,
  numClasses: number,
  { batch, height, width }: InputSize,
  result: Result,
  rewrite: (graph: Graph) => Graph = (graph) => graph,
): Graph {
  const graph = new Graph();
  const net = new Scope(graph);
  const features = architecture.backbone(net, graph.input("x", [batch, height, width, architecture.channels]));
  const give = {
    logits: () => architecture.head(net, features, numClasses),
    embedding: () => architecture.embedding(features),
    both: () => concat([give.logits(), give.embedding()], { axis: 1 }),
    features: () => features,
  };
  graph.output(result, give[result]());
  return rewrite(graph);
}
