import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { createModel, ImageList, transforms, Trainer } from "../index.js";
import { median } from "./bench-runtimes/speed.js";
import { addBuildOption, addThreadsOption, type EngineOptions, number, wholeNumber } from "./options.js";
import { exitCodes, formatTable, Interrupted, printJson } from "./output.js";
import { ProgressBar } from "./progress.js";

interface BenchOptions extends Omit<EngineOptions, "json"> {
  readonly batch: number;
  readonly size?: number;
  readonly runs: number;
  /** A file, or standard output. */
  readonly json?: string | true;
  readonly runtimes?: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly only?: readonly string[];
  readonly bits: boolean;
  readonly html?: string;
}

/** Runs before the timed ones. */
const warmUp = 2;

export function benchCommand(): Command {
  const command = new Command("bench")
    .description("Time an architecture on this machine, in images per second: here, or in every JavaScript runtime and browser that is found")
    .argument("[model]", "architecture", "mobilenet_v2")
    .option("--batch <n>", "images per run", wholeNumber(1), 8)
    .option("--size <pixels>", "side of the images (default: the architecture's)", wholeNumber(1))
    .option("--runs <n>", "timed runs of each; their median counts", wholeNumber(1), 20);
  addBuildOption(addThreadsOption(command));
  const across = (flags: string, description: string) => new Option(flags, description).implies({ runtimes: true });
  return command
    .option("--runtimes", "Node, Deno, Bun, workerd, Chromium and Firefox in turns: one table, and whether training gives the same bits in all")
    .addOption(across("--only <names>", "these runtimes, such as node,deno or node 24").argParser((text) => text.split(",").map((name) => name.trim())))
    .addOption(across("--rounds <n>", "turns of each runtime; their median counts").argParser(wholeNumber(1)).default(3))
    .addOption(across("--seconds <n>", "for which a turn repeats each kind of work").argParser(number(0)).default(2))
    .addOption(across("--no-bits", "without the 200 training steps that bits are compared by"))
    .addOption(across("--html <file>", "a page of the results, with charts, to publish"))
    .addOption(new Option("--json [file]", "results as JSON: in a file beside the table, else one line instead of it").argParser(jsonFile))
    .action((name: string, options: BenchOptions) => (options.runtimes ? benchAcross(name, options) : bench(name, options)));
}

/** A word after --json that is no file of that kind is meant for something else. */
function jsonFile(text: string): string {
  if (!text.endsWith(".json")) throw new InvalidArgumentError(`expected a file that ends in .json, or nothing; to print JSON put --json last`);
  return text;
}

/** Writes results where `--json` says, and else shows them. */
function give(results: unknown, json: string | true | undefined, table: () => string): void {
  if (json === true) return printJson(results);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(table());
}

async function benchAcross(network: string, { json, html, size, ...options }: BenchOptions): Promise<void> {
  const { benchRuntimes, runtimesPage, runtimesTable } = await import("./bench-runtimes/index.js");
  const bar = new ProgressBar();
  const stop = new AbortController();
  const end = (exitCode: number) => () => (stop.signal.aborted ? process.exit(exitCode) : stop.abort(new Interrupted(exitCode)));
  const [interrupt, terminate] = [end(exitCodes.interrupted), end(exitCodes.terminated)];
  process.on("SIGINT", interrupt).on("SIGTERM", terminate);
  try {
    const onProgress = (work: string, share: number, name: string) => bar.update(work, share, name);
    const results = await benchRuntimes({ ...options, network, imageSize: size, signal: stop.signal, onProgress });
    bar.clear();
    if (html !== undefined) writeFileSync(html, runtimesPage(results));
    give(results, json, () => runtimesTable(results));
  } finally {
    bar.clear();
    process.off("SIGINT", interrupt).off("SIGTERM", terminate);
  }
}

async function bench(name: string, { batch, runs, json, size, threads: asked, build: choice }: BenchOptions): Promise<void> {
  const bar = new ProgressBar();
  const model = await createModel(name, { imageSize: size, threads: asked, build: choice });
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
  give({ model: name, batch, threads, rows }, json, () => {
    const lines = rows.map((row) => [row.work, row.build, row.milliseconds.toFixed(1), row.imagesPerSecond.toFixed(1), row.gigaflops.toFixed(1)]);
    const table = formatTable([["", "build", "ms a batch", "images/s", "GFLOP/s"], ...lines], { left: 2 });
    return `${name}, ${height}x${width} px, batches of ${batch}, ${threads} thread${threads > 1 ? "s" : ""}\n\n${table}`;
  });
}
