import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { matchStateDict, stateDictShapes } from "../../src/nn/state-dict.js";
import { listModels } from "../../src/zoo/catalogue/index.js";
import { architecture, architectureFor } from "../../src/zoo/registry.js";
import { classifier, shapesOf } from "./build.js";

type Fixture = Record<"torchvision" | "timm", Record<string, Record<string, number[]>>>;
const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-names.json", import.meta.url), "utf8"));

for (const library of ["torchvision", "timm"] as const) {
  for (const [name, shapes] of Object.entries(fixture[library])) {
    test(`${name} has the state_dict of ${library}`, async () => {
      const found = shapesOf(shapes);
      const expected = stateDictShapes(classifier(await architecture(name)));
      expect([...matchStateDict(expected, found).load].sort()).toEqual([...found.keys()].sort());
    });
  }
}

test.each([
  ["mobilenet_v2", "timm", "mobilenetv2_100"],
  ["mobilenetv2_100", "torchvision", "mobilenet_v2"],
  ["mobilenetv3_small_100", "torchvision", "mobilenet_v3_small"],
  ["mobilenet_v3_large", "timm", "mobilenetv3_large_100"],
] as const)("%s takes the naming of a checkpoint from %s", async (name, library, there) => {
  const found = shapesOf(fixture[library][there]);
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

test("unknown names and options are listed", async () => {
  await expect(architecture("resnet19")).rejects.toThrow(/unknown architecture "resnet19": expected one of .*resnet18/);
  await expect(architecture("resnet18", { width: 2 })).rejects.toThrow('resnet18: expected options none, got "width"');
  await expect(architecture("mobilenet_v2", { padding: "valid" })).rejects.toThrow('mobilenet_v2: padding expected symmetric or same, got "valid"');
  await expect(architecture("mobilenet_v2", { width: -1 })).rejects.toThrow("mobilenet_v2: width expected a number of 0 or more, got -1");
});

test("the classifier is what a new head replaces", async () => {
  for (const name of listModels()) {
    const network = await architecture(name);
    const expected = stateDictShapes(classifier(network, { classes: 3 }));
    const found = stateDictShapes(classifier(network));
    expect(() => matchStateDict(expected, found)).toThrow("2 of another shape");
    expect([...matchStateDict(expected, found, { replaceHead: network.classifier }).fresh].sort()).toEqual([...network.classifier].sort());
  }
});
