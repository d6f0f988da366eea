import { Command } from "commander";
import { createModel, ImageList, transforms, Trainer } from "../index.js";
import { addEngineOptions, type EngineOptions, wholeNumber } from "./options.js";
import { formatTable, printJson } from "./output.js";
import { ProgressBar } from "./progress.js";

interface BenchOptions extends EngineOptions {
  readonly batch: number;
  readonly runs: number;
}

/** Runs before the timed ones. */
const warmUp = 2;

export function benchCommand(): Command {
  const command = new Command("bench")
    .description("Time an architecture on this machine: inference and training, in images per second")
    .argument("[model]", "architecture", "mobilenet_v2")
    .option("--batch <n>", "images per run", wholeNumber(1), 8)
    .option("--runs <n>", "timed runs of each; their median counts", wholeNumber(1), 20)
    .action(bench);
  return addEngineOptions(command);
}

async function bench(name: string, { batch, runs, json, ...options }: BenchOptions): Promise<void> {
  const bar = new ProgressBar();
  const model = await createModel(name, options);
  const { inputShape, flops, build, threads } = model.describe();
  const [, height, width, channels] = inputShape;
  const data = new Float32Array(batch * height * width * channels).map((_, i) => ((i * 7919) % 255) / 128 - 1);
  const times: number[] = [];
  for (let run = 1; run <= warmUp + runs; run++) {
    const start = performance.now();
    await model.forward({ data, shape: [batch, height, width, channels] });
    if (run > warmUp) times.push(performance.now() - start);
    bar.update("inference", run / (warmUp + runs), `${run} of ${warmUp + runs} runs`);
  }
  const inference = median(times);

  // One image's pixels for all, without augmentation: the step is timed, not the decoder.
  const pixels = { data: new Uint8Array(height * width * 3).map((_, i) => (i * 7919) % 255), width, height, channels: 3 as const };
  const items = Array.from({ length: batch * (warmUp + runs) }, (_, i) => ({ image: pixels, label: i % 2 }));
  const { mean, std } = model.preprocessing;
  const steps: number[] = [];
  let last = performance.now();
  await new Trainer(
    model,
    { train: ImageList.from(items, { classes: model.labels }) },
    {
      epochs: 1,
      lr: 1e-4,
      batchSize: batch,
      batchNorm: "train",
      transforms: [transforms.Normalize(mean, std)],
      onProgress: ({ step }) => {
        const now = performance.now();
        if (step > warmUp) steps.push(now - last);
        last = now;
        bar.update("training", step / (warmUp + runs), `${step} of ${warmUp + runs} steps`);
      },
    },
  ).fit();
  const training = median(steps);
  bar.clear();
  model.close();

  const rows = [
    { work: "inference", build, milliseconds: inference, imagesPerSecond: (batch * 1000) / inference, gigaflops: (flops * batch) / inference / 1e6 },
    { work: "training", build: "simd", milliseconds: training, imagesPerSecond: (batch * 1000) / training, gigaflops: (3 * flops * batch) / training / 1e6 },
  ];
  if (json) return printJson({ model: name, batch, threads, rows });
  console.log(`${name}, ${height}x${width} px, batches of ${batch}, ${threads} thread${threads > 1 ? "s" : ""}\n`);
  const lines = rows.map((row) => [row.work, row.build, row.milliseconds.toFixed(1), row.imagesPerSecond.toFixed(1), row.gigaflops.toFixed(1)]);
  console.log(formatTable([["", "build", "ms a batch", "images/s", "GFLOP/s"], ...lines], { left: 2 }));
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1];
}
