/**
 * Compares `fineTune`'s own schedule with a grid of others: `npm run verify:fine-tune`, or on some of the sets: `npm run verify:fine-tune -- photos50`.
 * It learns from and measures on training images of Imagenette and Fashion-MNIST alone: their validation images choose nothing here.
 *
 * Reads what `verify-backbone.ts` reads. Exit code 1 where a setting is better by more than a point. A set takes 5 to 20 minutes.
 */
import { join, resolve } from "node:path";
import { createModel, type Dataset, type FineTuneOptions, fineTune, ImageList, TarShards } from "../src/index.js";
import { defaultFolder, names, readFashionMnist, side } from "./fashion-mnist.js";
import { type Check, say, verify } from "./verify.js";

const root = resolve(import.meta.dirname, "..");
const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(root, "../shared/assets");
const weights = process.env.OCELLI_BACKBONE ?? join(root, "models/ocelli-s/model.safetensors");

const plain: FineTuneOptions = { epochs: 20, mixing: false };
const mixed: FineTuneOptions = { epochs: 20, baseLr: 2e-3, mixing: { mixup: 0.2, cutmix: 1 }, labelSmoothing: 0.1 };
const grid: Readonly<Record<string, FineTuneOptions>> = {
  "own choice": {},
  "head alone": { epochs: 0 },
  "head alone, AdamW": { epochs: 0, freezeEpochs: 30, headLr: 1e-2 },
  "5 epochs at 5e-4": { epochs: 5, baseLr: 5e-4 },
  "20 epochs at 1e-3": { ...plain, baseLr: 1e-3 },
  "20 epochs at 2e-3": { ...plain, baseLr: 2e-3 },
  "20 epochs at 2e-3, every other batch mixed": { ...mixed, mixing: { ...mixed.mixing, prob: 0.5 } },
  "20 epochs at 2e-3, mixed, early layers at a third": { ...mixed, lrMult: 3 },
};

interface Part {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** So many images a class to learn from, and 50 others of each to measure on. */
async function photos(count: number): Promise<Part> {
  const { train } = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  const items = await Promise.all(Array.from({ length: train.length }, (_, i) => train.item(i)));
  const part = (from: number, to: number) => {
    const some = train.classes.flatMap((_, label) => items.filter((item) => item.label === label).slice(from, to));
    return ImageList.from(
      some.map(({ image, id, label }) => ({ image, id, label: train.classes[label] })),
      { classes: train.classes },
    );
  };
  return { train: part(0, count), test: part(50, 100) };
}

/** So many images a class to learn from, and 150 others of each to measure on. */
function clothes(count: number): Part {
  const all = readFashionMnist(process.env.OCELLI_FASHION_MNIST ?? defaultFolder, "train");
  const part = (from: number, to: number) => {
    const some = names.flatMap((_, label) => all.filter((image) => image.label === label).slice(from, to));
    const items = some.map(({ pixels, label }) => ({ image: { data: pixels, width: side, height: side, channels: 1 as const }, label: names[label] }));
    return ImageList.from(items, { classes: names });
  };
  return { train: part(0, count), test: part(1000, 1150) };
}

async function compare(set: string, { train, test }: Part): Promise<Check[]> {
  const reached: number[] = [];
  for (const [name, options] of Object.entries(grid)) {
    const model = await createModel("ocelli_s", { pretrained: weights, labels: train.classes });
    await fineTune(model, { train }, { ...options, build: "auto" });
    const { accuracy, loss } = await model.evaluate(test);
    model.close();
    reached.push(100 * accuracy);
    say(`${set}, ${name}: ${(100 * accuracy).toFixed(1)} %, loss ${loss.toFixed(3)}`);
  }
  return [{ what: `${set}: own choice over the best of the grid, points`, measured: reached[0] - Math.max(...reached), bar: -1 }];
}

await verify("verify-fine-tune", {
  photos10: async () => compare("photos, 10 a class", await photos(10)),
  photos50: async () => compare("photos, 50 a class", await photos(50)),
  clothes20: async () => compare("clothes, 20 a class", clothes(20)),
  clothes100: async () => compare("clothes, 100 a class", clothes(100)),
});
