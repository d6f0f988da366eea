import { Command } from "commander";
import { createModel, ImageList, transforms, Trainer } from "../index.js";
import { type CommonOptions, commonOptions, wholeNumber } from "./options.js";
import { formatTable, printJson } from "./output.js";

interface BenchOptions extends CommonOptions {
  readonly batch: number;
  readonly runs: number;
}

export function benchCommand(): Command {
  const command = new Command("bench")
    .description("Time an architecture on this machine: inference and training, in images per second.")
    .argument("[model]", "architecture", "mobilenet_v2")
    .option("--batch <n>", "images per run", wholeNumber(1), 8)
    .option("--runs <n>", "timed runs of each", wholeNumber(1), 20)
    .action(bench);
  for (const option of commonOptions()) command.addOption(option);
  return command;
}

async function bench(name: string, { batch, runs, json, ...options }: BenchOptions): Promise<void> {
  const model = await createModel(name, options);
  const { inputShape, flops, build, threads } = model.describe();
  const [, height, width, channels] = inputShape;
  const data = new Float32Array(batch * height * width * channels).map((_, i) => ((i * 7919) % 255) / 128 - 1);
  const inference = await median(runs, () => model.forward({ data, shape: [batch, height, width, channels] }));

  // One image's pixels for all, without augmentation: the step is timed, not the decoder.
  const pixels = { data: new Uint8Array(height * width * 3).map((_, i) => (i * 7919) % 255), width, height, channels: 3 as const };
  const images = ImageList.from(Array.from({ length: batch * (runs + 3) }, (_, i) => ({ image: pixels, label: Number(i % 2 === 1) })), { classes: model.labels });
  const times: number[] = [];
  let last = 0;
  await new Trainer(model, { train: images }, {
    epochs: 1,
    lr: 1e-4,
    batchSize: batch,
    batchNorm: "train",
    transforms: [transforms.Normalize(model.preprocessing.mean, model.preprocessing.std)],
    onProgress: () => {
      const now = performance.now();
      if (last > 0) times.push(now - last);
      last = now;
    },
  }).fit();
  model.close();
  const training = middle(times.slice(2));

  const rows = [
    { work: "inference", build, milliseconds: inference, imagesPerSecond: (batch * 1000) / inference, gigaflops: (flops * batch) / inference / 1e6 },
    { work: "training", build: "simd", milliseconds: training, imagesPerSecond: (batch * 1000) / training, gigaflops: (3 * flops * batch) / training / 1e6 },
  ];
  if (json) return printJson({ model: name, batch, threads, rows });
  console.log(`${name}, ${height}x${width}, batch ${batch}, ${threads} thread${threads > 1 ? "s" : ""}\n`);
  console.log(formatTable([["", "build", "ms a batch", "images/s", "GFLOP/s"], ...rows.map((row) => [row.work, row.build, row.milliseconds.toFixed(1), row.imagesPerSecond.toFixed(1), row.gigaflops.toFixed(1)])], { left: 2 }));
}

async function median(runs: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = -2; run < runs; run++) {
    const start = performance.now();
    await work();
    if (run >= 0) times.push(performance.now() - start);
  }
  return middle(times);
}

function middle(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1];
}
