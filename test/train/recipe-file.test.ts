import { expect, test } from "vitest";
import { autoAugmentation, ColorJitter, TrivialAugmentWide } from "../../src/data/transforms/index.js";
import { FormatError } from "../../src/core/errors.js";
import { parseRecipe } from "../../src/train/recipe.js";

const whole = {
  version: 1,
  model: { name: "resnet20", weights: "random", imageSize: 32 },
  data: { train: "photos", validation: 0.1 },
  seed: 3,
  training: {
    phases: [
      { name: "head", epochs: 20, train: "head", lr: 1, lrMult: 1, schedule: "oneCycle", regression: { penalty: 0.1, views: 8 } },
      { name: "small", epochs: 2, train: "all", lr: 0.1, lrMult: 1, schedule: { name: "cosine", min: 1e-4 }, imageSize: [24, 24] },
    ],
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
  const { training } = whole;
  const augmentation = { ...training.augmentation, auto: autoAugmentation("rand-m9") };
  expect(parseRecipe(JSON.stringify(whole))).toEqual({ ...whole, training: { ...training, augmentation } });
});

test("weights may be what another recipe makes", () => {
  const weights = { recipe: "first.json", file: "first.safetensors" };
  const start = (weights: object) => changed((recipe) => Object.assign(recipe.model, { weights }));
  expect(parseRecipe(start(weights)).model.weights).toEqual(weights);
  expect(() => parseRecipe(start({ recipe: "first.json" }))).toThrow("recipe: model.weights.file: expected a value, found nothing");
});

test("data may be archives, a teacher what its file does not say, and transforms have their defaults", () => {
  const archives = { train: { shards: ["a-{0..3}.tar", "b.tar"], prefix: "train/" }, validation: { shards: "v.tar", labelKey: "class" } };
  const teacher = { name: "mobilenet_v2", weights: "t.safetensors", options: { padding: "same" }, preprocessing: "-1..1" };
  const text = changed((recipe) => {
    Object.assign(recipe.data, archives);
    Object.assign(recipe.training.distillation, { teacher });
    Object.assign(recipe.training.augmentation, { extra: [{ name: "ColorJitter", hue: 0.1 }], auto: { name: "TrivialAugmentWide" } });
  });
  const { data, training } = parseRecipe(text);
  expect(data).toEqual(archives);
  expect(training.distillation?.teacher).toEqual(teacher);
  expect(training.augmentation?.extra).toEqual([ColorJitter({ hue: 0.1 })]);
  expect(training.augmentation?.auto).toEqual(TrivialAugmentWide());
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
    changed((recipe) => Object.assign(recipe.training.phases[0], { regression: { penalty: 0.1, views: 65 } })),
    "recipe: training.phases[0].regression.views: expected a whole number from 1 to 64, found 65 (r.json)",
  ],
  [changed((recipe) => Object.assign(recipe.training, { mixing: true })), "recipe: training.mixing: expected false, found true (r.json)"],
  [
    changed((recipe) => Object.assign(recipe.training, { batchSize: "4" })),
    'recipe: training.batchSize: expected a whole number from 1 to 65536, found "4" (r.json)',
  ],
  [
    changed((recipe) => Object.assign(recipe.training.phases[0], { lr: null })),
    "recipe: training.phases[0].lr: expected a number from 0 to 1000, found null (r.json)",
  ],
  [changed((recipe) => Object.assign(recipe.data, { train: { shards: [] } })), "recipe: data.train.shards: expected"],
  [
    changed((recipe) => Object.assign(recipe.training.distillation, { teacher: { name: "resnet18" } })),
    "recipe: training.distillation.teacher.weights: expected",
  ],
  [
    changed((recipe) => Object.assign(recipe.training, { transforms: [{ name: "ColorJitter", blue: 1 }] })),
    "recipe: ColorJitter: expected the parameters brightness, contrast, saturation, hue, got blue (r.json)",
  ],
  [changed((recipe) => Object.assign(recipe.training.augmentation, { auto: "rand-x" })), 'recipe: augmentation "rand-x"'],
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
