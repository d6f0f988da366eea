/**
 * Trains real networks on real images and compares what they reach with what is promised:
 * `npm run verify:learning`, or some parts of it: `npm run verify:learning -- cnn imagenette fashion`.
 *
 * Reads Fashion-MNIST from Debian's package `dataset-fashion-mnist` (or `OCELLI_FASHION_MNIST`), weights and Imagenette
 * from `OCELLI_TEST_ASSETS` (or `../shared/assets`). Exit code 1 where a bar is missed or a file is not there.
 */
import { join, resolve } from "node:path";
import { createModel, type Dataset, fineTune, type FineTuneOptions, ImageFolder, ImageList, type Model, TarShards, Trainer, transforms } from "../src/index.js";
import { defaultFolder, names, readFashionMnist, side } from "./fashion-mnist.js";
import { type Check, line, say, verify } from "./verify.js";

const root = resolve(import.meta.dirname, "..");
const fashionMnist = process.env.OCELLI_FASHION_MNIST ?? defaultFolder;
const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(root, "../shared/assets");

const parts: Record<string, () => Promise<Check[]>> = { cnn, imagenette, fashion };

/** A small network from nothing, on all of Fashion-MNIST in three passes. */
async function cnn(): Promise<Check[]> {
  const read = (part: "train" | "test") =>
    ImageList.from(
      readFashionMnist(fashionMnist, part).map(({ pixels, label }) => ({
        image: { data: pixels, width: side, height: side, channels: 1 },
        label: names[label],
      })),
      { classes: names },
    );
  const model = await createModel("small_cnn", { labels: names, build: "simd" });
  const { mean, std } = model.preprocessing;
  const augmentation = [transforms.RandomHorizontalFlip(), transforms.Normalize(mean, std)];
  await new Trainer(
    model,
    { train: read("train") },
    {
      epochs: 3,
      optimizer: "adamw",
      lr: 2e-3,
      batchSize: 64,
      transforms: augmentation,
      onProgress: line("cnn"),
    },
  ).fit();
  return [{ what: "small_cnn, Fashion-MNIST test set, 3 epochs", measured: await accuracy(model, read("test")), bar: 91 }];
}

/** An ImageNet network on a hundred photos of each of ten classes. */
async function imagenette(): Promise<Check[]> {
  const data = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  const half = [0.5, 0.5, 0.5];
  const model = await createModel("mobilenet_v2", {
    pretrained: join(assets, "weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors"),
    options: { padding: "same" },
    preprocessing: { resize: 256, crop: 224, interpolation: "bilinear", mean: half, std: half },
    labels: data.classes,
    build: "simd",
  });
  await fineTune(model, data, { epochs: 1, onNotice: say, onProgress: line("imagenette") });
  return [{ what: "mobilenet_v2, imagenette-small, 500 validation images", measured: await accuracy(model, data.validation), bar: 95 }];
}

/** Transfer to classes that the package's backbone never saw, and what each half of it is worth; means of three seeds. */
async function fashion(): Promise<Check[]> {
  const data = await ImageFolder.open(join(root, "examples/fashion"));
  const head: FineTuneOptions = { epochs: 0 };
  const whole: FineTuneOptions = { baseLr: 2e-3 };
  const reached = { whole: 0, head: 0, random: 0 };
  const seeds = [0, 1, 2];
  for (const seed of seeds) {
    for (const [name, pretrained, options] of [
      ["whole", true, whole],
      ["head", true, head],
      ["random", false, head],
    ] as const) {
      const model = await createModel("resnet20", { pretrained, labels: data.classes, build: "simd", seed });
      await fineTune(model, data, { ...options, seed, onProgress: line(`fashion, ${name}, seed ${seed}`) });
      const percent = await accuracy(model, data.validation);
      reached[name] += percent / seeds.length;
      say(`fashion, ${name}, seed ${seed}: ${percent.toFixed(1)} %`);
    }
  }
  say(`fashion: all layers ${reached.whole.toFixed(1)} %, head alone ${reached.head.toFixed(1)} %, head on a random backbone ${reached.random.toFixed(1)} %`);
  return [
    { what: "resnet20, examples/fashion: all layers over head alone, points", measured: reached.whole - reached.head, bar: 2 },
    { what: "resnet20, examples/fashion: pretrained over random backbone, points", measured: reached.head - reached.random, bar: 5 },
  ];
}

async function accuracy(model: Model, data: Dataset): Promise<number> {
  const { accuracy } = await model.evaluate(data, { build: "simd" });
  model.close();
  return 100 * accuracy;
}

await verify("verify-learning", parts);
