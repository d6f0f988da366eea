import { readFileSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/index.js";
import type { Recipe, RecipeStage } from "../../src/train/recipe.js";
import { bundledWeights, listBundled } from "../../src/zoo/bundled.js";
import { architecture } from "../../src/zoo/registry.js";
import { createModel } from "../../src/zoo/create-model.js";

const inline = { inline: true, build: "simd" } as const;

test.each(listBundled())("the package's weights of %s are small, and say what they are and under which terms", async (name) => {
  const model = await createModel(name, { ...inline, pretrained: true });
  expect(statSync(bundledWeights(name) as URL).size).toBeLessThan(3e6);
  expect(model.labels).toHaveLength(200);
  expect(model.imageSize[0], "the architecture's own size").toBe((await architecture(name)).inputSize);
  expect(model.facts.notes?.terms).toContain("learnt from images under ImageNet's terms (research and education, non-commercial)");
  expect(model.facts.notes?.weights).toContain("Tiny-ImageNet");
  const [row] = await model.embed([{ data: new Uint8Array(48).fill(200), width: 4, height: 4, channels: 3 }]);
  expect(row.every(Number.isFinite) && row.some((value) => value !== 0)).toBe(true);
  model.close();
});

test("createModel without a name is ocelli_s, with its weights unless none are asked for", async () => {
  const options = { ...inline, labels: ["a", "b"] };
  const models = await Promise.all([
    createModel(options),
    createModel("ocelli_s", { ...options, pretrained: true }),
    createModel({ ...options, pretrained: false }),
    createModel("ocelli_s", options),
  ]);
  const image = { data: new Uint8Array(48).map((_, i) => 5 * i), width: 4, height: 4, channels: 3 } as const;
  const [own, named, untrained, fromSeed] = await Promise.all(models.map(async (model) => (await model.embed([image]))[0]));
  expect(own).toEqual(named);
  expect(untrained).toEqual(fromSeed);
  expect(own).not.toEqual(untrained);
  expect(models[0].architecture.name).toBe("ocelli_s");
  expect(models[0].labels).toEqual(["a", "b"]);
  for (const model of models) model.close();
});

test("ocelli_s is a file and a module of the package, and its recipes train what it is", async () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  const file = exports["./models/*.safetensors"].replace("*", "ocelli-s");
  const { default: bytes } = await import(pathToFileURL(exports["./models/ocelli-s"].default).href);
  expect(Buffer.from(bytes).equals(readFileSync(file))).toBe(true);
  const model = await createModel("ocelli_s", { ...inline, pretrained: bytes, labels: ["a", "b"] });
  expect(model.labels).toEqual(["a", "b"]);
  const recipe = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Recipe;
  const last = recipe("models/ocelli-s/recipe.json");
  const before = last.model.weights as RecipeStage;
  const { options } = model.architecture;
  expect(last.model).toEqual({ name: "ocelli_s", options: { totalStride: options.totalStride }, weights: before, imageSize: model.imageSize[0] });
  expect(recipe(before.recipe).model.name).toBe("ocelli_s");
  // What the file itself says it was made by; its own stage before it was run by hand.
  const { metadata, close } = await openSafetensors(file);
  await close();
  expect(JSON.parse(metadata.get("ocelli.recipe") as string)).toEqual({ ...last, model: { ...last.model, weights: before.file } });
  model.close();
});
