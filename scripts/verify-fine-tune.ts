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
const mixed: FineTuneOptions = { epochs: 20, baseLr: 2e-3, lrMult: 10, mixing: { mixup: 0.2, cutmix: 1 }, labelSmoothing: 0.1 };
const grid: Readonly<Record<string, FineTuneOptions>> = {
  "own choice": {},
  "head alone": { epochs: 0 },
  "head alone, AdamW": { epochs: 0, freezeEpochs: 30, headLr: 1e-2 },
  "5 epochs at 5e-4": { epochs: 5, baseLr: 5e-4 },
  "20 epochs at 1e-3": { ...plain, baseLr: 1e-3 },
  "20 epochs at 2e-3": { ...plain, baseLr: 2e-3 },
  "20 epochs at 2e-3, mixed": mixed,
  "20 epochs at 2e-3, every other batch mixed": { ...mixed, mixing: { ...mixed.mixing, prob: 0.5 } },
  "20 epochs at 2e-3, mixed, early layers at a third": { ...mixed, lrMult: 3 },
};

interface Part {
  readonly train: Dataset;
  readonly test: Dataset;
}

type Labelled = Awaited<ReturnType<Dataset["item"]>>;

/** Of the classes with these names, those images of each to learn from and those to measure on. */
function partOf(
  classes: readonly string[],
  items: readonly (Labelled & { readonly name: string })[],
  train: readonly [number, number],
  test: readonly [number, number],
): Part {
  const list = (range: readonly [number, number]) => {
    const some = classes.flatMap((name) => items.filter((item) => item.name === name).slice(...range));
    return ImageList.from(
      some.map(({ image, id, name }) => ({ image, id, label: name })),
      { classes },
    );
  };
  return { train: list(train), test: list(test) };
}

const itemsOf = async (data: Dataset) => {
  const items = await Promise.all(Array.from({ length: data.length }, (_, i) => data.item(i)));
  return items.map((item) => ({ ...item, name: data.classes[item.label] }));
};

/** Photos: so many of each of ten classes, at most 50 in all draws, others in each; and 50 more of each to measure on. */
async function photos(count: number, draw: number): Promise<Part> {
  const { train } = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  const items = await itemsOf(train);
  return partOf(train.classes, items, [draw * count, (draw + 1) * count], [50, 100]);
}

/** Clothes: so many of each class, others in each draw, and 300 more of each to measure on. */
async function clothes(count: number, draw: number): Promise<Part> {
  const images = readFashionMnist(process.env.OCELLI_FASHION_MNIST ?? defaultFolder, "train");
  const items = images.map(({ pixels, label }, i) => {
    const image = { data: pixels, width: side, height: side, channels: 1 as const };
    return { image, label, name: names[label], id: String(i) };
  });
  return partOf(names, items, [draw * count, (draw + 1) * count], [1000, 1300]);
}

/** Small photos of classes that the backbone knows, none of which it learnt from: 20 classes, others in each draw; so many of each, and the rest of 25 to measure on. */
async function known(count: number, draw: number): Promise<Part> {
  const data = await TarShards.open(join(assets, "data/tiny-imagenet/val.tar"), { prefix: "val/" });
  const classes = data.classes.filter((_, i) => i % 10 === draw);
  return partOf(classes, await itemsOf(data), [0, count], [count, 25]);
}

/** Means over draws of images, each with a seed of its own: one draw alone scatters by more than a point. */
async function compare(set: string, part: (draw: number) => Promise<Part>, draws: number): Promise<Check[]> {
  const parts = await Promise.all(Array.from({ length: draws }, (_, draw) => part(draw)));
  const reached: number[] = [];
  for (const [name, options] of Object.entries(grid)) {
    const results: { accuracy: number; loss: number }[] = [];
    for (const [seed, { train, test }] of parts.entries()) {
      const model = await createModel("ocelli_s", { pretrained: weights, labels: train.classes, seed });
      await fineTune(model, { train }, { ...options, build: "auto", seed });
      results.push(await model.evaluate(test));
      model.close();
    }
    const mean = (of: "accuracy" | "loss") => results.reduce((sum, result) => sum + result[of], 0) / results.length;
    reached.push(100 * mean("accuracy"));
    const each = results.map(({ accuracy }) => (100 * accuracy).toFixed(1)).join(" ");
    say(`${set}, ${name}: ${(100 * mean("accuracy")).toFixed(1)} % (${each}), loss ${mean("loss").toFixed(3)}`);
  }
  return [{ what: `${set}: own choice over the best of the grid, points`, measured: reached[0] - Math.max(...reached), bar: -1 }];
}

await verify("verify-fine-tune", {
  photos10: () => compare("photos, 10 a class", (draw) => photos(10, draw), 3),
  photos50: () => compare("photos, 50 a class", (draw) => photos(50, draw), 1),
  known15: () => compare("small photos of known classes, 15 a class", (draw) => known(15, draw), 2),
  clothes20: () => compare("clothes, 20 a class", (draw) => clothes(20, draw), 3),
  clothes100: () => compare("clothes, 100 a class", (draw) => clothes(100, draw), 1),
});
