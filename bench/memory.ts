/**
 * Do `model.memory()` and `trainer.memory()` predict by how much the process grows? A child process per case; Linux.
 *
 * npx tsx bench/memory.ts
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createModel, ImageList, type PeakMemory, Trainer } from "../src/index.js";
import { requireFresh } from "../scripts/steps.js";

requireFresh("kernels");

interface Case {
  readonly network: string;
  /** Images in one call of `classify`, or of a training step. */
  readonly images: number;
  readonly work: "inference" | "training" | "training, gradientCheckpointing";
  readonly threads: number;
}

const cases: readonly Case[] = [
  { network: "mobilenet_v2", images: 1, work: "inference", threads: 1 },
  { network: "mobilenet_v2", images: 1, work: "inference", threads: 2 },
  { network: "mobilenet_v2", images: 32, work: "inference", threads: 2 },
  { network: "resnet50", images: 1, work: "inference", threads: 2 },
  { network: "mobilenet_v2", images: 8, work: "training", threads: 1 },
  { network: "mobilenet_v2", images: 8, work: "training", threads: 2 },
  { network: "mobilenet_v2", images: 8, work: "training, gradientCheckpointing", threads: 2 },
  { network: "mobilenet_v2", images: 32, work: "training, gradientCheckpointing", threads: 2 },
  { network: "resnet18", images: 8, work: "training", threads: 2 },
];

/** The most that this process has held so far. */
function highWater(): number {
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

async function measure({ network, images, work, threads }: Case): Promise<{ predicted: PeakMemory; grown: number; before: number }> {
  const before = highWater();
  const model = await createModel(network, { threads, build: "simd" });
  const [height, width] = model.imageSize;
  const photo = (i: number) => ({ data: new Uint8Array(height * width * 3).fill(i), width, height, channels: 3 as const });
  let predicted: PeakMemory;
  if (work === "inference") {
    predicted = model.memory({ images });
    const photos = Array.from({ length: images }, (_, i) => photo(i));
    for (let i = 0; i < 3; i++) await model.classify(photos);
  } else {
    const items = Array.from({ length: 3 * images }, (_, i) => ({ image: photo(i), label: model.labels[i % 2] }));
    const data = { train: ImageList.from(items, { classes: model.labels.slice(0, 2) }) };
    const trainer = new Trainer(model, data, { epochs: 1, batchSize: images, lr: 1e-4, gradientCheckpointing: work !== "training" });
    predicted = await trainer.memory();
    await trainer.fit();
  }
  if (model.memory({ images: 0 }).total !== predicted.total) throw new Error("the WebAssembly memory is not of the predicted size");
  return { predicted, grown: highWater() - before, before };
}

const [child] = process.argv.slice(2);
if (child !== undefined) {
  console.log(JSON.stringify(await measure(cases[Number(child)])));
  process.exit(0);
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
console.log("| network | work | images | threads | Wasm memory, exact | beside it | predicted | grew by | error | whole process |");
console.log("|---|---|---|---|---|---|---|---|---|---|");
cases.forEach(({ network, work, images, threads }, i) => {
  const { stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), String(i)], { encoding: "utf8" });
  if (!stdout) throw new Error(stderr);
  const { predicted, grown, before } = JSON.parse(stdout) as Awaited<ReturnType<typeof measure>>;
  const sizes = [predicted.total, predicted.staging + predicted.threads, predicted.process, grown].map(megabytes);
  const error = ((predicted.process / grown - 1) * 100).toFixed(1);
  console.log(`| ${[network, work, images, threads, ...sizes, `${error} %`, megabytes(grown + before)].join(" | ")} |`);
});
