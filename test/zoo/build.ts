import { atOnce } from "../../src/core/slices.js";
import { Graph, isCheckpointed } from "../../src/graph/graph.js";
import { toMemory } from "../../src/model/layout.js";
import type { NamedArchitecture } from "../../src/nn/architecture.js";
import { Scope } from "../../src/nn/scope.js";
import type { Session } from "../../src/runtime/session.js";
import { architecture } from "../../src/zoo/registry.js";

/** The network that a library has under this name: some are in both, with names of parameters of their own. */
export async function networkOf(library: "torchvision" | "timm", name: string): Promise<NamedArchitecture> {
  const network = await architecture(name);
  const other = library === "timm" ? "torchvision" : "timm";
  return network.options.naming === other ? architecture(name, { naming: library }) : network;
}

/** The graph of one architecture for classification: input `x`, outputs `logits` and `embedding`. */
export function classifier(
  network: NamedArchitecture,
  { count = 1, size = network.inputSize, classes = network.defaultClasses }: { count?: number; size?: number; classes?: number } = {},
): Graph {
  const graph = new Graph();
  const net = new Scope(graph);
  const features = network.backbone(net, graph.input("x", [count, size, size, network.channels]));
  graph.output("embedding", network.embedding(features));
  graph.output("logits", network.head(net, features, classes));
  return graph;
}

/** Writes a state_dict (checkpoint layout) of parameters and buffers into a session that has prepared `graph`. */
export async function writeStateDict(session: Session, graph: Graph, tensors: ReadonlyMap<string, Float32Array>): Promise<void> {
  for (const value of graph.kept.values()) {
    if (!isCheckpointed(value)) continue;
    const data = tensors.get(value.name);
    if (!data) throw new Error(`no tensor for ${value.name}`);
    await session.write(value.name, atOnce(toMemory(data, value.file)));
  }
}
