import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { createModel, loadModel, type Model, reparameterize } from "../../src/index.js";
import { costOf } from "../../src/nn/cost.js";
import { Scope } from "../../src/nn/scope.js";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { branchedConv, type BranchedConv } from "../../src/zoo/branches.js";
import { fusedTensor } from "../../src/zoo/fused-tensor.js";
import { architecture } from "../../src/zoo/registry.js";
import { classifier, writeStateDict } from "./build.js";
import { parseHexFloat, relativeError, stateDict, toNhwc, uniform } from "./recipe.js";

interface Network {
  readonly logits: string[];
  readonly fused?: { tensors: number; parameters: number; sha256: string };
}
const { size, classes, networks }: { size: number; classes: number; networks: Record<string, Network> } = JSON.parse(
  readFileSync(new URL("../fixtures/zoo-timm.json", import.meta.url), "utf8"),
);

test.each(Object.entries(networks).filter(([, { fused }]) => fused))("%s fused has timm's state_dict", async (name, { fused }) => {
  const graph = classifier(await architecture(name, { form: "fused" }));
  const lines = [...stateDictShapes(graph)].map(([tensor, shape]) => `${tensor} ${shape.join(",")}`).sort();
  const sha256 = createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
  expect({ tensors: lines.length, parameters: costOf(graph).parameters, sha256 }).toEqual(fused);
});

const named = (tensors: ReadonlyMap<string, Float32Array>, shapes: ReadonlyMap<string, Shape>) =>
  new Map([...tensors].map(([name, data]) => [name, { data, shape: shapes.get(name) as Shape }]));

const block = { channels: 8, kernel: 3, stride: 1, groups: 1, branches: ["conv_kxk"], pointwise: "conv_1x1" };
test.each<[string, Omit<BranchedConv, "form">]>([
  ["3x3, 1x1 and identity", block],
  ["a stride, so no identity", { ...block, stride: 2 }],
  ["groups", { ...block, groups: 2 }],
  ["four depthwise branches", { ...block, groups: 8, branches: [0, 1, 2, 3].map((i) => `conv_kxk.${i}`), pointwise: "conv_scale" }],
  ["1x1 and other channels", { ...block, kernel: 1, channels: 12 }],
  ["squeeze-and-excitation", { ...block, excite: 4 }],
])("a block fuses to one convolution: %s", async (_, options) => {
  const input = { x: Float32Array.from(uniform(0, 7 * 9 * 8)) };
  const build = (form: BranchedConv["form"]) => {
    const graph = new Graph();
    graph.output("y", branchedConv(new Scope(graph).at("stem"), graph.input("x", [1, 7, 9, 8]), { ...options, form }));
    return graph;
  };
  const run = async (graph: Graph, tensors: ReadonlyMap<string, Float32Array>) => {
    const session = await Session.open({ build: "simd", threads: 1, inline: true });
    const program = await session.prepare(graph);
    await writeStateDict(session, graph, tensors);
    const { y } = await program.run(input);
    session.close();
    return y;
  };
  const [branches, fused] = [build("branches"), build("fused")];
  const shapes = stateDictShapes(branches);
  const tensors = stateDict(shapes);
  const fusedTensors = [...stateDictShapes(fused)].map(([name, shape]) => [name, fusedTensor(name, shape, named(tensors, shapes))] as const);
  expect(relativeError(await run(fused, new Map(fusedTensors)), await run(branches, tensors))).toBeLessThan(1e-6);
});

test("a model keeps its logits, labels and preprocessing when its branches are fused, also in its file", async () => {
  const name = "mobileone_s0";
  const here = { inline: true, build: "simd" } as const;
  const data = toNhwc(uniform(0, 3 * size * size), [1, 3, size, size]);
  const logitsOf = async (model: Model) => (await model.forward({ data, shape: [1, size, size, 3] })).data;

  const branches = await createModel(name, { labels: [..."abcdefghij"], imageSize: size, winograd: false, ...here });
  const shapes = stateDictShapes(classifier(await architecture(name), { size, classes }));
  await branches.setParameters(named(stateDict(shapes), shapes));
  const fused = await reparameterize(branches);
  expect([fused.session.winograd, (await branches.replaceHead(2)).session.winograd]).toEqual([false, false]);
  const logits = await logitsOf(fused);
  expect(relativeError(logits, networks[name].logits.map(parseHexFloat))).toBeLessThan(1e-4);
  expect([...(await fused.parameters()).keys()].filter((tensor) => /running_mean|conv_kxk/.test(tensor))).toEqual([]);
  expect([fused.labels, fused.preprocessing]).toEqual([branches.labels, branches.preprocessing]);

  const file = await fused.save();
  const reloaded = await loadModel(file, here);
  expect(await logitsOf(reloaded)).toEqual(logits);
  const recognised = await createModel(name, { pretrained: file, ...here });
  expect(recognised.architecture.options.form).toBe("fused");
  await expect(reparameterize(fused)).rejects.toThrow(`reparameterize: ${name} has no branches to fuse`);
  for (const model of [branches, fused, reloaded, recognised]) model.close();
});

test("other networks have nothing to fuse", async () => {
  const model = await createModel("small_cnn", { inline: true });
  await expect(reparameterize(model)).rejects.toThrow("reparameterize: small_cnn has no branches to fuse");
  model.close();
});
