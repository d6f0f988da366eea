import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { sizeOf } from "../../src/core/shape.js";
import type { PreprocessingDefaults } from "../../src/nn/architecture.js";
import { costOf } from "../../src/nn/cost.js";
import { matchStateDict, stateDictShapes } from "../../src/nn/state-dict.js";
import { listModels, nearestModel } from "../../src/zoo/catalogue/index.js";
import { architecture, architectureFor } from "../../src/zoo/registry.js";
import { classifier, networkOf } from "./build.js";

/** What a state_dict holds, what one image costs, and how it is prepared; see scripts/fixtures/zoo-names.py. */
interface Described {
  readonly tensors: number;
  readonly parameters: number;
  readonly sha256: string;
  readonly multiplyAdds: number;
  readonly preprocessing: PreprocessingDefaults;
}
type Fixture = Record<"torchvision" | "timm", Record<string, Described>>;
const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-names.json", import.meta.url), "utf8"));

function manifest(shapes: ReadonlyMap<string, Shape>) {
  const lines = [...shapes].map(([name, shape]) => `${name} ${shape.join(",")}`).sort();
  const parameters = [...shapes].filter(([name]) => !/running_(mean|var)$/.test(name)).reduce((sum, [, shape]) => sum + sizeOf(shape), 0);
  return { tensors: lines.length, parameters, sha256: createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16) };
}

describe.each(["torchvision", "timm"] as const)("%s", (library) => {
  test.each(Object.entries(fixture[library]))("%s has its state_dict and costs as much", async (name, { multiplyAdds, preprocessing, ...expected }) => {
    // A name of both has torchvision's preprocessing, and its images torchvision's size.
    const described = name in fixture.torchvision ? fixture.torchvision[name].preprocessing : preprocessing;
    const graph = classifier(await networkOf(library, name), { size: preprocessing.crop });
    expect(manifest(stateDictShapes(graph))).toEqual(expected);
    expect(costOf(graph).multiplyAdds).toBe(multiplyAdds);
    expect((await architecture(name)).preprocessing).toEqual(described);
  });
});

const shapesOf = async (name: string) => stateDictShapes(classifier(await architecture(name)));

test("every network is one of them, or our own", () => {
  const known = new Set([...Object.keys(fixture.torchvision), ...Object.keys(fixture.timm)]);
  expect(listModels().filter((name) => !known.has(name))).toEqual(["mobilenet_v1", "mobilenet_v1_025", "ocelli_s", "resnet20", "small_cnn"]);
});

test.each([
  ["mobilenet_v2", "timm", "mobilenetv2_100"],
  ["mobilenetv2_100", "torchvision", "mobilenet_v2"],
  ["mobilenetv3_small_100", "torchvision", "mobilenet_v3_small"],
  ["mobilenet_v3_large", "timm", "mobilenetv3_large_100"],
] as const)("%s takes the naming of a checkpoint from %s", async (name, library, there) => {
  const found = await shapesOf(there);
  const network = await architectureFor(name, found.keys());
  expect(network.options.naming).toBe(library);
  expect(matchStateDict(stateDictShapes(classifier(network)), found).fresh).toEqual([]);
  expect(network.classifier.every((tensor) => found.has(tensor))).toBe(true);
});

test("epsilon goes with the naming unless it is given", async () => {
  expect((await architecture("mobilenetv3_small_100")).options.epsilon).toBe(1e-5);
  expect((await architecture("mobilenet_v3_small")).options.epsilon).toBe(1e-3);
  expect((await architectureFor("mobilenetv3_small_100", ["features.0.0.weight"])).options.epsilon).toBe(1e-3);
  expect((await architectureFor("mobilenet_v3_small", ["conv_stem.weight"])).options.epsilon).toBe(1e-5);
  expect((await architectureFor("mobilenet_v3_small", ["conv_stem.weight"], { epsilon: 1e-4 })).options.epsilon).toBe(1e-4);
});

test("options rebuild the same network", async () => {
  for (const name of listModels()) {
    const network = await architecture(name);
    const again = await architecture(name, JSON.parse(JSON.stringify(network.options)));
    expect(again.options).toEqual(network.options);
    expect(stateDictShapes(classifier(again))).toEqual(stateDictShapes(classifier(network)));
  }
});

test("a list of names can be narrowed, as in timm or by a regular expression", () => {
  expect(listModels({ filter: "resnet1?" })).toEqual(["resnet18"]);
  expect(listModels({ filter: "se*18*" })).toEqual(["seresnet18"]);
  expect(listModels({ filter: /^wide/g })).toEqual(["wide_resnet101_2", "wide_resnet50_2"]);
  expect(listModels({ filter: "resnet18.+" })).toEqual([]);
  expect(listModels({ filter: "*resnet18*", unverified: false })).toEqual(["resnet18"]);
  expect(listModels()).toEqual(listModels().sort());
});

test.each([
  ["resnet_50", "resnet50"],
  ["ResNet-18", "resnet18"],
  ["resnet19", "resnet18"],
  ["mobilenetv2", "mobilenet_v2"],
  ["ocelli", "ocelli_s"],
  ["efficientnet-b0", "efficientnet_b0"],
  ["vit_base_patch16", "vit_base_patch16_224"],
])("who asks for %s is told of %s", async (name, nearest) => {
  expect(nearestModel(name)).toBe(nearest);
  await expect(architecture(name)).rejects.toThrow(`unknown architecture "${name}": did you mean ${nearest}? listModels() gives all names`);
});

test("a name without end costs no more than a long one, and unknown options are listed", async () => {
  expect(listModels()).toContain(nearestModel("x".repeat(1e6)));
  await expect(architecture("resnet18", { width: 2 })).rejects.toThrow('resnet18: expected options none, got "width"');
  await expect(architecture("mobilenet_v2", { padding: "valid" })).rejects.toThrow('mobilenet_v2: padding expected symmetric or same, got "valid"');
  await expect(architecture("mobilenet_v2", { width: -1 })).rejects.toThrow("mobilenet_v2: width expected a number of 0 or more, got -1");
});

test("the classifier is what a new head replaces", async () => {
  for (const name of listModels()) {
    const network = await architecture(name);
    const expected = stateDictShapes(classifier(network, { classes: 3 }));
    const found = stateDictShapes(classifier(network));
    expect(() => matchStateDict(expected, found)).toThrow(`${network.classifier.length} of another shape`);
    expect([...matchStateDict(expected, found, { replaceHead: network.classifier }).fresh].sort()).toEqual([...network.classifier].sort());
  }
});
