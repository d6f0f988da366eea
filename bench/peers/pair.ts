/**
 * Measures us and one peer in turns on one job, in this process: tsx bench/peers/pair.ts <job as JSON>.
 * Prints one line of JSON: a `Pair`, or `{ error }`. Started by bench/compare.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { inferenceGraph } from "../../src/model/graphs.js";
import { costOf } from "../../src/nn/cost.js";
import type { Build } from "../../src/runtime/instance.js";
import { architecture } from "../../src/zoo/registry.js";
import { registerPeak } from "../register-peak.js";
import { engines } from "./engines.js";
import { ours } from "./ours.js";
import { classesOf, type Job } from "./side.js";

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
  readonly peak_rss_mb?: number;
}

/** Two engines' figures from one run. */
export interface Pair {
  readonly ours: Row;
  readonly peer: Row;
  /** Our median by the peer's. */
  readonly ratio: number;
  /** Largest max|a - b| / max|b| of the compared outputs. */
  readonly difference: number;
}

/** Milliseconds that one side runs before it is the other's turn: long enough to fill its caches again. */
const turn = 150;
/** Pause between turns, for threads that spin on after their work. */
const pause = 20;
/** Milliseconds, enough for V8 to compile what runs often. */
const warmUp = 1500;

async function measure(job: Job): Promise<Pair> {
  const build = job.build as Build;
  const sides = [await ours(job), await engines[job.work][job.peer](job)];
  const peak = await registerPeak(build);
  const [a, b] = [await sides[0].outputs(), await sides[1].outputs()];
  const difference = Math.max(...a.map((values, i) => relative(values, b[i])));

  const counts: number[] = [];
  for (const side of sides) {
    const times: number[] = [];
    for (let start = performance.now(); times.length < 1 || performance.now() - start < warmUp; ) times.push(...(await side.run(1)));
    counts.push(Math.max(1, Math.min(20, Math.ceil(turn / middle(times)))));
  }
  const times: number[][] = [[], []];
  const peaks: number[] = [];
  for (let start = performance.now(); Math.min(times[0].length, times[1].length) < job.runs; ) {
    for (let i = 0; i < 2; i++) {
      peaks.push(peak());
      times[i].push(...(await sides[i].run(counts[i])));
      await sleep(pause);
    }
    if (performance.now() - start > job.seconds * 1000 && times[1].length >= 3) break;
  }

  const flops = await flopsOf(job);
  const rows: Row[] = [];
  for (const [i, side] of sides.entries()) {
    const median = middle(times[i]);
    const threads = side.threads ?? job.threads;
    const rss = job.peer.startsWith("torch") ? await side.peakRss?.() : undefined;
    rows.push({
      work: `${job.work} ${job.model} ${job.size} px`,
      engine: side.engine,
      build: side.build,
      runtime: side.runtime,
      threads,
      batch: job.batch,
      median_ms: median,
      min_ms: Math.min(...times[i]),
      n: times[i].length,
      share_of_peak: flops / median / 1e6 / (middle(peaks) * threads),
      ...(rss && { peak_rss_mb: rss }),
    });
    await side.close();
  }
  return { ours: rows[0], peer: rows[1], ratio: rows[0].median_ms / rows[1].median_ms, difference };
}

/** Backward is the product with the weights and the product with the inputs: twice the forward arithmetic. */
async function flopsOf({ work, model, size, batch }: Job): Promise<number> {
  const graph = inferenceGraph(await architecture(model), classesOf(work), { batch, height: size, width: size }, "logits");
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

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

if (process.argv[1]?.endsWith("pair.ts")) {
  const result = await measure(JSON.parse(process.argv[2])).catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }));
  process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
}
