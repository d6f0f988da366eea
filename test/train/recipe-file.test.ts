import { expect, test } from "vitest";
import { FormatError } from "../../src/core/errors.js";
import { parseRecipe } from "../../src/train/recipe.js";

const whole = {
  version: 1,
  model: { name: "resnet20", weights: "random", imageSize: 32 },
  data: { train: "photos", validation: 0.1 },
  seed: 3,
  training: {
    phases: [{ name: "small", epochs: 2, train: "all", lr: 0.1, lrMult: 1, schedule: { name: "cosine", min: 1e-4 }, imageSize: [24, 24] }],
    optimizer: { name: "lamb", eps: 1e-6 },
    ema: true,
    mixing: { mixup: 0.2 },
    augmentation: { scale: [0.3, 1], auto: "rand-m9" },
    transforms: [{ name: "RandomHorizontalFlip", p: 0.5 }],
    distillation: { teacher: "mobilenetv2_100", logits: false, embedding: { loss: "mse" }, views: 4 },
  },
  save: { dtype: "float16", notes: { terms: "none" } },
};

test("a recipe is what the file says", () => {
  expect(parseRecipe(JSON.stringify(whole))).toEqual(whole);
});

const changed = (change: (recipe: typeof whole & Record<string, unknown>) => unknown) => {
  const recipe = structuredClone(whole) as typeof whole & Record<string, unknown>;
  change(recipe);
  return JSON.stringify(recipe);
};

test.each<[string, string]>([
  ["{", "recipe: no readable JSON"],
  ["[]", "recipe: the file: expected an object, found [] (r.json)"],
  [changed((recipe) => Object.assign(recipe, { version: 2 })), "recipe: version: expected 1, found 2 (r.json)"],
  [changed((recipe) => Reflect.deleteProperty(recipe.data, "train")), "recipe: data.train: expected a value, found nothing (r.json)"],
  [changed((recipe) => Object.assign(recipe.training, { batchsize: 4 })), "recipe: training.batchsize: expected one of epochs, lr, "],
  [
    changed((recipe) => Object.assign(recipe.training, { batchSize: "4" })),
    'recipe: training.batchSize: expected a whole number from 1 to 65536, found "4" (r.json)',
  ],
  [
    changed((recipe) => Object.assign(recipe.training.phases[0], { lr: null })),
    "recipe: training.phases[0].lr: expected a number from 0 to 1000, found null (r.json)",
  ],
  [changed((recipe) => Object.assign(recipe.training, { transforms: [{}] })), "recipe: training.transforms[0].name: expected a string, found nothing (r.json)"],
  [changed((recipe) => Object.assign(recipe.training, { optimizer: 1 })), "recipe: training.optimizer: expected string or object, found 1 (r.json)"],
  [
    changed((recipe) => Object.assign(recipe.training.distillation, { logits: true })),
    "recipe: training.distillation.logits: expected false, found true (r.json)",
  ],
  [changed((recipe) => Object.assign(recipe.data, { validation: 3 })), "recipe: data.validation: expected a number from 0 to 1, found 3 (r.json)"],
  ['{"__proto__":{}}', "recipe: version: expected a value, found nothing (r.json)"],
])("%s", (text, message) => {
  expect(() => parseRecipe(text, "r.json")).toThrow(FormatError);
  expect(() => parseRecipe(text, "r.json")).toThrow(message);
});
