/**
 * How fast are inference and training of whole networks, and which share of the register peak is that?
 *
 * npm run bench -- [models...] [--batch 1,8,32] [--threads 1,2] [--work inference,training] [--build simd] [--json file]
 *
 * Each run is interleaved with the register peak loop, because a shared machine's clock drifts; medians are reported.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { inferenceGraph } from "../src/model/graphs.js";
import { initialValues } from "../src/model/initialize.js";
import { costOf } from "../src/nn/cost.js";
import { type Build, fastestBuild } from "../src/runtime/instance.js";
import { Session } from "../src/runtime/session.js";
import { hyperName, trainingGraph } from "../src/train/step.js";
import { architecture } from "../src/zoo/registry.js";
import { registerPeak } from "./register-peak.js";

interface Row {
  readonly model: string;
  readonly work: "inference" | "training";
  readonly build: Build;
  readonly runtime: string;
  readonly batch: number;
  readonly threads: number;
  readonly medianMs: number;
  readonly runs: number;
  readonly imagesPerSecond: number;
  readonly gigaflops: number;
  readonly shareOfPeak: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "1,8,32" },
    threads: { type: "string", default: "1,2" },
    work: { type: "string", default: "inference,training" },
    build: { type: "string" },
    json: { type: "string" },
  },
});
const models = positionals.length > 0 ? positionals : ["mobilenet_v2", "mobilenetv3_small_100", "resnet18", "squeezenet1_0", "resnet20", "small_cnn"];
const numbers = (text: string) => text.split(",").map(Number);
const build = (values.build ?? (await fastestBuild())) as Build;
const peaks = { simd: await registerPeak("simd"), [build]: await registerPeak(build) } as Record<Build, () => number>;
const rows: Row[] = [];

for (const name of models) {
  for (const work of values.work.split(",") as Row["work"][]) {
    for (const batch of numbers(values.batch)) for (const threads of numbers(values.threads)) rows.push(await measure(name, work, batch, threads));
  }
}
const header = ["model", "work", "build", "batch", "threads", "ms", "images/s", "GFLOP/s", "of peak"];
console.log(`\n| ${header.join(" | ")} |\n|${"---|".repeat(header.length)}`);
for (const row of rows) console.log(`| ${cells(row).join(" | ")} |`);
if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 1));
process.exit(0);

function cells(row: Row): string[] {
  const { medianMs, imagesPerSecond, gigaflops, shareOfPeak } = row;
  return [
    row.model,
    row.work,
    row.build,
    String(row.batch),
    String(row.threads),
    medianMs.toFixed(2),
    imagesPerSecond.toFixed(1),
    gigaflops.toFixed(1),
    `${Math.round(shareOfPeak * 100)} %`,
  ];
}

/** One network, one kind of work. Training is forward, backward and SGD with momentum, batch norm on batch statistics. */
async function measure(name: string, work: Row["work"], batch: number, threads: number): Promise<Row> {
  const built = await architecture(name);
  const classes = built.defaultClasses;
  const size = { batch, height: built.inputSize, width: built.inputSize };
  const used: Build = work === "training" ? "simd" : build;
  const session = await Session.open({ build: used, threads });
  const forward = inferenceGraph(built, classes, size, "logits");
  const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
  const graph = work === "training" ? trainingGraph(built, classes, [batch, size.height, size.width, built.channels], settings) : forward;
  const program = await session.prepare(graph);
  for (const value of forward.kept.values()) await session.write(value.name, initialValues(value, 0));

  const x = Float32Array.from({ length: batch * size.height * size.width * built.channels }, (_, i) => ((i * 7919) % 256) / 128 - 1);
  const hyper = Float32Array.of(1e-3, 0.9, 0, 0, 1, 0, 0, 0);
  const inputs = {
    x,
    labels: Int32Array.from({ length: batch }, (_, i) => i % classes),
    random: new Int32Array(4),
    [hyperName(0, true)]: hyper,
    [hyperName(0, false)]: hyper,
  };
  const peaked: number[] = [];
  const bench = new Bench({ time: 1000, iterations: 5, warmupIterations: 2, warmupTime: 100 });
  bench.add(name, async () => void (await program.run(inputs)), { beforeEach: () => void peaked.push(peaks[used]()) });
  const [task] = await bench.run();
  session.close();
  const { result } = task;
  if (!("latency" in result)) throw new Error(`${name} ${work}: no measurement`);

  const medianMs = result.latency.p50;
  // Backward is the product with the weights and the product with the inputs: twice the forward arithmetic.
  const flops = (costOf(forward).flops * (work === "training" ? 3 : 1)) / 1e6;
  const gigaflops = flops / medianMs;
  const peak = middle(peaked) * threads;
  const row = {
    model: name,
    work,
    build: used,
    runtime: `node ${process.version}`,
    batch,
    threads,
    medianMs,
    runs: result.latency.samplesCount,
    imagesPerSecond: (batch * 1000) / medianMs,
    gigaflops,
    shareOfPeak: gigaflops / peak,
  };
  console.log(cells(row).join("  "));
  return row;
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
