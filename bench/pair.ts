/**
 * Measures us, and a peer in turns with us, on one job in this process: tsx bench/pair.ts <job as JSON>.
 * Prints one line of JSON: a `Measured`, or `{ error }`. Started by bench/main.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { inferenceGraph } from "../src/model/graphs.js";
import { costOf } from "../src/nn/cost.js";
import type { Build } from "../src/runtime/instance.js";
import { architecture } from "../src/zoo/registry.js";
import { openPage, type PageSide } from "./browser/page.js";
import { type Job, median, ourselves, type Side, trainedClasses, weightsOf } from "./job.js";
import { ours } from "./ours.js";
import { engines } from "./peers/engines.js";
import { modelFile } from "./peers/network.js";
import { registerPeak } from "./register-peak.js";
import { requireFresh } from "../scripts/steps.js";

requireFresh("kernels");

/** One engine's figures. */
export interface Row {
  readonly work: string;
  readonly engine: string;
  readonly build: string;
  readonly runtime: string;
  readonly threads: number;
  readonly batch: number;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly n: number;
  /** Of what one thread's multiply-adds on 128-bit registers of Wasm reach in the same minutes, times threads: native engines may pass 1. */
  readonly share_of_peak: number;
  readonly model: string;
  readonly size: number;
  /** Of the engine's process, where it is its own. */
  readonly peak_rss_mb?: number;
}

/** Figures of one run. */
export interface Measured {
  readonly ours: Row;
  readonly peer?: Row;
  /** Our median by the peer's. */
  readonly ratio?: number;
  /** Largest max|a - b| / max|b| of the compared outputs. */
  readonly difference?: number;
}

/** Milliseconds that one side runs before it is the other's turn: long enough to fill its caches again. */
const turn = 150;
/** Pause between turns, for threads that spin on after their work. */
const pause = 20;
/** Milliseconds, enough for V8 to compile what runs often. */
const warmUp = 1500;

/** Both sides of a job: ours, then the peer's where there is one. */
async function sidesOf(job: Job): Promise<Side[]> {
  const alone = job.peer === undefined || ourselves.includes(job.peer);
  const weights = alone ? undefined : modelFile(weightsOf(job));
  if (job.browser) {
    const page = await openPage();
    const inPage = await page.side("ours", job, alone);
    if (job.peer === "node") return [inPage, await ours(job)];
    return job.peer === undefined ? [inPage] : [inPage, await page.side(job.peer, job, alone)];
  }
  const here = await ours(job, weights);
  if (job.peer === undefined) return [here];
  return [here, job.peer === "one-thread" ? await ours({ ...job, threads: 1 }) : await engines[job.work][job.peer](job)];
}

async function measure(job: Job): Promise<Measured> {
  const sides = await sidesOf(job);
  const peak = "peak" in sides[0] ? (sides[0] as PageSide).peak : await registerPeak(sides[0].build as Build);
  const outputs: Float32Array[][] = [];
  for (const side of sides) outputs.push(await side.outputs());
  const [a, b] = outputs;

  const counts: number[] = [];
  for (const side of sides) {
    const times: number[] = [];
    for (let start = performance.now(); times.length < 1 || performance.now() - start < warmUp; ) times.push(...(await side.run(1)));
    counts.push(Math.max(1, Math.min(20, Math.ceil(turn / median(times)))));
  }
  const times = sides.map(() => [] as number[]);
  const peaks: number[] = [];
  for (let start = performance.now(); Math.min(...times.map(({ length }) => length)) < job.runs; ) {
    for (const [i, side] of sides.entries()) {
      peaks.push(await peak());
      times[i].push(...(await side.run(counts[i])));
      await sleep(pause);
    }
    if (performance.now() - start > job.seconds * 1000 && times[0].length >= 3) break;
  }

  const flops = await flopsOf(job);
  const rows: Row[] = [];
  for (const [i, side] of sides.entries()) {
    const middle = median(times[i]);
    const threads = side.threads ?? job.threads;
    const own = i === 0 && !job.browser && (job.peer === undefined || job.peer.startsWith("torch"));
    const rss = own ? process.resourceUsage().maxRSS / 1000 : await side.peakRss?.();
    rows.push({
      work: `${job.work} ${job.model} ${job.size} px`,
      engine: side.engine,
      build: side.build,
      runtime: side.runtime,
      threads,
      batch: job.batch,
      median_ms: middle,
      min_ms: Math.min(...times[i]),
      n: times[i].length,
      share_of_peak: flops / middle / 1e6 / (median(peaks) * threads),
      model: job.model,
      size: job.size,
      ...(rss && { peak_rss_mb: rss }),
    });
    await side.close();
  }
  const [us, peer] = rows;
  return peer ? { ours: us, peer, ratio: us.median_ms / peer.median_ms, difference: Math.max(...a.map((values, i) => relative(values, b[i]))) } : { ours: us };
}

/** Backward is the product with the weights and the product with the inputs: twice the forward arithmetic. */
async function flopsOf({ work, model, size, batch }: Job): Promise<number> {
  const built = await architecture(model);
  const graph = inferenceGraph(built, work === "training" ? trainedClasses : built.defaultClasses, { batch, height: size, width: size }, "logits");
  return costOf(graph).flops * (work === "training" ? 3 : 1);
}

/** max|a - b| / max|b| */
function relative(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`outputs of ${a.length} and ${b.length} numbers`);
  let error = 0;
  let largest = 0;
  a.forEach((value, i) => {
    // Written so that a NaN stays in sight.
    if (!(Math.abs(value - b[i]) <= error)) error = Math.abs(value - b[i]);
    largest = Math.max(largest, Math.abs(b[i]));
  });
  return error / largest;
}

if (process.argv[1]?.endsWith("pair.ts")) {
  const result = await measure(JSON.parse(process.argv[2])).catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }));
  process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
}
