/**
 * Does the loader keep the trainer busy? Images a second of the loader alone, of training alone (one batch again and again) and of both,
 * in the epoch that decodes and in those that find decoded images, with the share of time that steps waited for their images.
 *
 * npm run bench:loader -- [--shards ../shared/assets/data/tiny-imagenet/train-{0..3}.tar] [--images 3000] [--model mobilenetv2_035]
 *                         [--size 64,96] [--batch 64] [--threads 2] [--cache bytes] [--epochs 3] [--build simd]
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { requireFresh } from "../scripts/steps.js";
import { limits } from "../src/core/limits.js";
import { Random } from "../src/core/random.js";
import type { Dataset } from "../src/data/dataset.js";
import { ImageCache } from "../src/data/image-cache.js";
import { trainingTransforms } from "../src/data/training-transforms.js";
import { TarShards } from "../src/data/tar-shards.js";
import type { Model } from "../src/model/model.js";
import type { Build } from "../src/runtime/instance.js";
import { imageBatches } from "../src/train/batches.js";
import { resolveSettings } from "../src/train/settings.js";
import { PhaseRun } from "../src/train/phase-run.js";
import { Trainer } from "../src/train/trainer.js";
import { createModel } from "../src/zoo/create-model.js";
import { median } from "./job.js";

requireFresh("kernels", "worker", "tasks", "decoders");

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { shards: text, images: text, model: text, size: text, batch: text, threads: text, cache: text, epochs: text, build: text },
});
const shards = values.shards ?? "../shared/assets/data/tiny-imagenet/train-{0..3}.tar";
if (!values.shards && !existsSync(shards.replace("{0..3}", "0"))) throw new Error(`${shards} is not there; name other tars by --shards`);
const batchSize = Number(values.batch ?? 64);
const epochs = Number(values.epochs ?? 3);
const imageCache = Number(values.cache ?? limits.imageCacheBytes);
const build = (values.build ?? "simd") as Build;

const opening = performance.now();
const whole = await TarShards.open(shards);
console.log(`${whole.length} images listed in ${((performance.now() - opening) / 1000).toFixed(1)} s`);
const images = Math.min(Number(values.images ?? 3000), whole.length);
const everyOnes = Uint32Array.from({ length: images }, (_, i) => Math.floor((i * whole.length) / images));
const data = whole.subset(everyOnes);

console.log("\n| size | epoch | loader alone, images/s | training alone | both | both / training alone | waited |\n|---|---|---|---|---|---|---|");
for (const size of (values.size ?? "64,96").split(",").map(Number)) {
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  const model = await createModel(values.model ?? "mobilenetv2_035", { labels: data.classes, imageSize: size, build, threads });
  const alone = await trainingAlone(model);
  const before = await alone();
  const both = await training(model);
  const after = await alone();
  const loading = await loader(model);
  const steps = median([...before, ...after]);
  both.forEach(({ imagesPerSecond, waiting }, epoch) => {
    const cells = [`${size} px`, epoch + 1, loading[epoch].toFixed(0), steps.toFixed(0), imagesPerSecond.toFixed(0)];
    console.log(`| ${[...cells, (imagesPerSecond / steps).toFixed(3), `${(100 * waiting).toFixed(1)} %`].join(" | ")} |`);
  });
  model.close();
}
process.exit();

/** Batches as a trainer has them made, with nobody training: images a second of each epoch. */
async function loader(model: Model): Promise<number[]> {
  const cache = new ImageCache(imageCache, true);
  const rates: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = new Random(0, epoch).shuffle(Uint32Array.from({ length: images }, (_, i) => i));
    const { preprocessing, imageSize, inline } = model;
    const pipeline = trainingTransforms(preprocessing);
    const labels = model.labelIndices(data.classes);
    const common = { data, labels, order, batchSize, pipeline, imageSize, inline, channels: 3, seed: 0, stream: [epoch] } as const;
    const next = imageBatches({ ...common, decoded: cache.of(data) });
    const start = performance.now();
    for (let index = 0; index * batchSize < images; index++) await next(index);
    rates.push(rate(images, start));
  }
  return rates;
}

/** Steps on one batch that is there already: images a second of some rounds. */
async function trainingAlone(model: Model): Promise<() => Promise<number[]>> {
  const settings = resolveSettings({ batchSize, epochs }, "train", model);
  const [height, width] = model.imageSize;
  const random = new Random(1);
  const x = Float32Array.from({ length: batchSize * height * width * 3 }, () => random.uniform(-2, 2));
  const labels = Int32Array.from({ length: batchSize }, () => random.integer(data.classes.length));
  return async () => {
    const run = new PhaseRun(model, settings.phases[0], settings, { train: data }, { build });
    const rates: number[] = [];
    for (let round = -1; round < 4; round++) {
      const start = performance.now();
      const steps = 12;
      for (let step = 0; step < steps; step++) await run.step({ x, labels }, { batch: 0, batches: 1000, epoch: 0, randomStep: 0, stepsBefore: 0, factor: 1 });
      if (round >= 0) rates.push(rate(steps * batchSize, start));
    }
    await run.close();
    return rates;
  };
}

/** The trainer itself: images a second of each epoch, and the share of it that steps waited. */
async function training(model: Model): Promise<{ imagesPerSecond: number; waiting: number }[]> {
  const found: { imagesPerSecond: number; waiting: number }[] = [];
  let start = 0;
  const trainer = new Trainer(model, { train: data as Dataset }, { batchSize, epochs, imageCache, build, batchNorm: "train", lr: 1e-3, onProgress });
  function onProgress({ endOfEpoch, step, waiting }: { endOfEpoch: boolean; step: number; waiting: number }): void {
    if (endOfEpoch) found.push({ imagesPerSecond: rate(images - (found.length === 0 ? batchSize : 0), start), waiting });
    if (endOfEpoch || step === 1) start = performance.now(); // the first step makes the program
  }
  await trainer.fit();
  return found;
}

function rate(count: number, start: number): number {
  return (1000 * count) / (performance.now() - start);
}
