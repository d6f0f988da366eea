import { expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { Scope } from "../../src/nn/scope.js";
import { architecture } from "../../src/zoo/registry.js";
import { learning } from "../fixtures/learning.js";

/** The graph of a network in training. */
async function trained(name: string, options: object, scope: { dropRate?: number; dropPathRate?: number; random?: boolean }): Promise<Graph> {
  const network = await architecture(name, options as never);
  const graph = new Graph();
  const random = scope.random === false ? undefined : graph.input("random", [4], "int32");
  const net = new Scope(graph, { training: true, ...scope, random });
  network.head(net, network.backbone(net, graph.input("x", [2, 224, 224, 3])), 10);
  return graph;
}
const probabilities = ({ nodes }: Graph, op: string) => nodes.flatMap((node) => (node.op.name === op ? (node.attributes.p as number) : []));

test.each(learning.dropPaths)("$library $name: branches are dropped as often as there", async ({ library, name, rate, found }) => {
  const { options } = await architecture(name);
  const graph = await trained(name, "naming" in options ? { naming: library } : {}, { dropPathRate: rate });
  const ours = probabilities(graph, "stochasticDepth");
  expect(ours.length).toBe(found.length);
  found.forEach((p, i) => expect(ours[i]).toBeCloseTo(p, 6));
  const streams = graph.nodes.flatMap(({ attributes }) => ("stream" in attributes ? (attributes.stream as number) : []));
  expect(streams).toEqual(streams.map((_, i) => i));
});

test("without a rate, or without random numbers, nothing is dropped", async () => {
  expect(probabilities(await trained("resnet18", {}, {}), "stochasticDepth")).toEqual([]);
  expect(probabilities(await trained("resnet18", {}, { dropPathRate: 0.2, random: false }), "stochasticDepth")).toEqual([]);
});

test.each(["resnet18", "densenet121", "mobilenetv3_small_100", "convnext_atto", "vit_tiny_patch16_224", "swin_t", "regnet_y_400mf", "shufflenet_v2_x1_0"])(
  "%s: dropRate is the rate of dropout before the classifier",
  async (name) => {
    expect(probabilities(await trained(name, {}, { dropRate: 0.35 }), "dropout")).toEqual([0.35]);
    expect(probabilities(await trained(name, {}, { dropRate: 0 }), "dropout")).toEqual([]);
  },
);
