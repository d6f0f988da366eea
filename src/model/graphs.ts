import type { Quantization } from "../core/dtype.js";
import { FormatError } from "../core/errors.js";
import { Graph } from "../graph/graph.js";
import type { Architecture } from "../nn/architecture.js";
import { Scope } from "../nn/scope.js";
import { fuse } from "../plan/passes.js";
import { quantizeGraph } from "../plan/quantize.js";

/** What an inference program gives: class scores before softmax, pooled features, or what the head takes. */
export type Result = "logits" | "embedding" | "features";

export interface InputSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Quantisation of a network's activations by name, as `plan/quantize.ts` names them. */
export type Activations = ReadonlyMap<string, Quantization>;

/**
 * The graph of one inference: input "x" [N, H, W, C] as preprocessed; the result is the output of its own name. With
 * `activations` its layers run on bytes.
 */
export function inferenceGraph(
  architecture: Architecture,
  numClasses: number,
  { batch, height, width }: InputSize,
  result: Result,
  activations?: Activations,
): Graph {
  const graph = new Graph();
  const net = new Scope(graph);
  const features = architecture.backbone(net, graph.input("x", [batch, height, width, architecture.channels]));
  if (result === "logits") graph.output(result, architecture.head(net, features, numClasses));
  else graph.output(result, result === "embedding" ? architecture.embedding(features) : features);
  if (!activations) return graph;
  return quantizeGraph(fuse(graph), {
    activation(name) {
      const found = activations.get(name);
      if (!found) throw new FormatError(`${architecture.name}: this quantised model does not say how "${name}" is quantised`);
      return found;
    },
  });
}
