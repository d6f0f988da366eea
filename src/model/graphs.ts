import { Graph, type Value } from "../graph/graph.js";
import type { Architecture } from "../nn/architecture.js";
import { Scope } from "../nn/scope.js";

/** What an inference program gives: class scores before softmax, pooled features, what the head takes, or something made of the first two. */
export type Result = "logits" | "embedding" | "features" | JoinedResult;

export interface JoinedResult {
  readonly name: string;
  join(logits: Value, embedding: Value): Value;
}

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
  const logits = () => architecture.head(net, features, numClasses);
  if (typeof result === "object") graph.output(result.name, result.join(logits(), architecture.embedding(features)));
  else if (result === "logits") graph.output(result, logits());
  else graph.output(result, result === "embedding" ? architecture.embedding(features) : features);
  return rewrite(graph);
}
