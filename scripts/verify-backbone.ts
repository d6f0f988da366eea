/**
 * Measures the package's backbone: `npm run verify:backbone`, or some parts of it: `npm run verify:backbone -- classes probe`.
 * Other weights of the same network by `OCELLI_BACKBONE=stage.safetensors`.
 *
 * Reads Fashion-MNIST from Debian's package `dataset-fashion-mnist` (or `OCELLI_FASHION_MNIST`), weights, Tiny-ImageNet and Imagenette
 * from `OCELLI_TEST_ASSETS` (or `../shared/assets`). Exit code 1 where a bar is missed or a file is not there.
 */
import { join, resolve } from "node:path";
import { createModel, type CreateOptions, type Dataset, fineTune, ImageList, type Model, TarShards } from "../src/index.js";
import { defaultFolder, type LabelledPixels, names, readFashionMnist, side } from "./fashion-mnist.js";
import { type Check, line, say, verify } from "./verify.js";

const root = resolve(import.meta.dirname, "..");
const fashionMnist = process.env.OCELLI_FASHION_MNIST ?? defaultFolder;
const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(root, "../shared/assets");
const weights = process.env.OCELLI_BACKBONE ?? join(root, "models/ocelli-s/model.safetensors");
const threads = 2;

const backbone = (options: CreateOptions) => createModel("ocelli_s", { pretrained: weights, build: "simd", threads, ...options });

/** Images that it was not trained on, of the classes that it was. */
async function classes(): Promise<Check[]> {
  const validation = await TarShards.open(join(assets, "data/tiny-imagenet/val.tar"), { prefix: "val/" });
  return [{ what: "Tiny-ImageNet, 5,000 validation images, top-1, %", measured: await accuracy(await backbone({}), validation), bar: 50 }];
}

/** The head alone on ten classes of photos, beside a network of ImageNet's that is as small a file. */
async function probe(): Promise<Check[]> {
  const data = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  const mobilenet = await createModel("mobilenet_v1_025", {
    pretrained: join(assets, "weights/mobilenet_v1_0.25_128_coral_qat/model.safetensors"),
    options: { padding: "same" },
    preprocessing: { resize: 146, crop: 128, interpolation: "bilinear", mean: [0.5], std: [0.5] },
    labels: data.classes,
    newHead: true,
    build: "simd",
    threads,
  });
  const [theirs, ours] = [mobilenet, await backbone({ labels: data.classes })];
  const reached: number[] = [];
  for (const model of [theirs, ours]) {
    await fineTune(model, data, { epochs: 0, onProgress: line(`probe, ${model.architecture.name}`) });
    reached.push(await accuracy(model, data.validation));
  }
  say(`probe: mobilenet_v1_025 ${reached[0].toFixed(1)} %`);
  return [
    { what: "imagenette-small, linear probe, 500 images, %", measured: reached[1], bar: 88 },
    { what: "imagenette-small, over MobileNetV1 0.25, points", measured: reached[1] - reached[0], bar: 0 },
  ];
}

/** A hundred images of each class of something else. */
async function fashion(): Promise<Check[]> {
  const train = readFashionMnist(fashionMnist, "train");
  const few = names.flatMap((_, label) => train.filter((image) => image.label === label).slice(0, 100));
  const model = await backbone({ labels: names });
  await fineTune(model, { train: listOf(few) }, { onNotice: say, onProgress: line("fashion") });
  const test = listOf(readFashionMnist(fashionMnist, "test"));
  return [{ what: "Fashion-MNIST, 100 images a class, 10,000 test images, %", measured: await accuracy(model, test), bar: 86 }];
}

/** What `fineTune` does when nothing is asked of it. */
async function defaults(): Promise<Check[]> {
  const data = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  const model = await backbone({ labels: data.classes });
  const started = performance.now();
  await fineTune(model, data, { onNotice: say, onProgress: line("defaults") });
  const seconds = (performance.now() - started) / 1000;
  return [
    { what: "imagenette-small, fineTune's defaults, 500 images, %", measured: await accuracy(model, data.validation), bar: 90 },
    { what: "imagenette-small, fineTune's defaults, seconds", measured: seconds, bar: 180, most: true },
  ];
}

/** Embeddings of images that are decoded, in batches of 32: the best of ten rounds. */
async function speed(): Promise<Check[]> {
  const model = await backbone({ build: "auto" });
  const [height, width] = model.imageSize;
  const batch = Array.from({ length: 32 }, (_, i) => ({ data: new Uint8Array(3 * height * width).fill(i), height, width, channels: 3 as const }));
  let best = 0;
  for (let round = 0; round < 10; round++) {
    const started = performance.now();
    await model.embed(batch);
    best = Math.max(best, (1000 * batch.length) / (performance.now() - started));
  }
  model.close();
  return [{ what: "embeddings, batches of 32, 2 threads, images a second", measured: best, bar: 400 }];
}

function listOf(images: readonly LabelledPixels[]): Dataset {
  const items = images.map(({ pixels, label }) => ({ image: { data: pixels, width: side, height: side, channels: 1 as const }, label: names[label] }));
  return ImageList.from(items, { classes: names });
}

async function accuracy(model: Model, data: Dataset): Promise<number> {
  const { accuracy } = await model.evaluate(data, { build: "simd" });
  model.close();
  return 100 * accuracy;
}

await verify("verify-backbone", { classes, probe, fashion, defaults, speed });
