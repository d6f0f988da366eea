import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import type { Network } from "../../src/nn/architecture.js";
import { costOf } from "../../src/nn/cost.js";
import { Scope } from "../../src/nn/scope.js";
import { matchStateDict, stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { architecture } from "../../src/zoo/registry.js";
import { madeNetwork, type Made } from "./attention-networks.js";
import { classifier, writeStateDict } from "./build.js";
import { parseHexFloat, relativeError, stateDict, toNhwc, uniform } from "./recipe.js";

interface Logits extends Made {
  /** Else it is `made`. */
  readonly name?: string;
  readonly size: number;
  readonly logits: string[];
}
interface Fixture {
  readonly classes: number;
  readonly logits: Logits[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-attention.json", import.meta.url), "utf8"));

/** Multiply-adds in units of 1e9 of one image of so many pixels a side: `_ops` of torchvision's weights, timm's results/benchmark-infer-amp-nchw-pt113. */
const published: Record<string, [multiplyAdds: number, size?: number]> = {
  convnext_tiny: [4.456],
  convnext_small: [8.684],
  convnext_base: [15.355],
  vit_b_16: [17.564],
  vit_b_32: [4.409],
  vit_l_16: [61.555],
  swin_t: [4.491],
  swin_s: [8.741],
  swin_b: [15.431],
  convnext_atto: [0.91, 288],
  convnext_femto: [1.3, 288],
  convnext_pico: [2.27, 288],
  convnext_nano: [4.06, 288],
  convnextv2_atto: [0.91, 288],
  convnextv2_femto: [1.3, 288],
  convnextv2_pico: [2.27, 288],
  convnextv2_nano: [4.06, 288],
  convnextv2_tiny: [7.39, 288],
  vit_tiny_patch16_224: [1.26],
  vit_small_patch16_224: [4.61],
  vit_base_patch16_224: [17.58],
  vit_small_patch32_224: [1.15],
  vit_base_patch32_224: [4.41],
  deit_tiny_patch16_224: [1.26],
  deit_small_patch16_224: [4.61],
  deit_base_patch16_224: [17.58],
  deit_tiny_distilled_patch16_224: [1.27],
  deit_small_distilled_patch16_224: [4.63],
  deit_base_distilled_patch16_224: [17.68],
  swin_tiny_patch4_window7_224: [4.51],
  swin_small_patch4_window7_224: [8.77],
  swin_base_patch4_window7_224: [15.47],
};

test.each(Object.entries(published))("%s computes as much as is published", async (name, [multiplyAdds, size]) => {
  const cost = costOf(classifier(await architecture(name), { size }));
  expect(Math.abs(cost.multiplyAdds / 1e9 / multiplyAdds - 1)).toBeLessThan(0.01);
  expect(cost.flops).toBeGreaterThan(2 * cost.multiplyAdds);
});

describe("logits of PyTorch", () => {
  test.each(fixture.logits.map((entry) => [`${entry.library} ${entry.name ?? entry.family} at ${entry.size} px`, entry] as const))("%s", async (_, entry) => {
    const { size, logits } = entry;
    const network: Network = entry.name ? await architecture(entry.name, { naming: entry.library, ...entry.options }) : madeNetwork(entry);
    const graph = new Graph();
    const net = new Scope(graph);
    graph.output("logits", network.head(net, network.backbone(net, graph.input("x", [1, size, size, 3])), fixture.classes));
    const session = await Session.open({ build: "simd", threads: 1, inline: true });
    const program = await session.prepare(graph);
    await writeStateDict(session, graph, stateDict(stateDictShapes(graph)));
    const found = (await program.run({ x: toNhwc(uniform(0, 3 * size * size), [1, 3, size, size]) })).logits;
    session.close();
    const error = relativeError(found, logits.map(parseHexFloat));
    console.log(`max|a - b| = ${error.toExponential(1)} max|b|`);
    expect(error).toBeLessThan(1e-4);
  });
});

test("torchvision's Swin has its indices in files, and passes over them when one is read", async () => {
  const network = await architecture("swin_t");
  const indices = network.indices as ReadonlyMap<string, BigInt64Array>;
  expect(indices.size).toBe(12);
  const index = indices.get("features.5.3.attn.relative_position_index") as BigInt64Array;
  expect([index.length, ...index.slice(0, 3), index[49], index[2400]]).toEqual([2401, 84n, 83n, 82n, 85n, 84n]);
  const shapes = stateDictShapes(classifier(network));
  const found = new Map([...shapes, ...[...indices].map(([name, { length }]) => [name, [length]] as const)]);
  expect(matchStateDict(shapes, found, network).load).toEqual([...shapes.keys()]);
  expect((await architecture("swin_tiny_patch4_window7_224")).indices).toBeUndefined();
});

test("images that are no whole patches are refused", async () => {
  const network = await architecture("deit_tiny_patch16_224");
  expect(() => classifier(network, { size: 100 })).toThrow("patchEmbedding: expected height and width in multiples of 16 pixels, got 100 x 100 at patch_embed");
});
