/**
 * Where does the time of one program go? Per kernel or per node: milliseconds, share, GFLOP/s, and what threads lose.
 *
 * npm run bench -- --profile <model>, or tsx bench/profile.ts <model>
 *    [--work inference|training] [--batch n] [--size px] [--build simd] [--threads n] [--runs n] [--nodes]
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { inferenceGraph } from "../src/model/graphs.js";
import { type Build, fastestBuild } from "../src/runtime/instance.js";
import { trainingGraph } from "../src/train/step.js";
import { architecture } from "../src/zoo/registry.js";
import { type Bound, bind } from "./bound.js";
import { median } from "./job.js";
import { type ThreadData, timeCalls } from "./profile-thread.js";
import { registerPeak } from "./register-peak.js";
import { requireFresh } from "../scripts/steps.js";

requireFresh("kernels");

interface Options {
  readonly work?: string;
  readonly batch?: string;
  readonly size?: string;
  readonly build?: string;
  /** With more than one, each line also says what is lost: see `Line.alone`, `Line.idle`. */
  readonly threads?: string;
  readonly runs?: string;
  /** A line for each node instead of each kind of call. */
  readonly nodes?: boolean;
}

interface Line {
  /** From the first thread's start of its calls to the last one's end. */
  ms: number;
  /** The same calls on one thread, divided by the threads: what `ms` would be if nothing were lost. */
  alone: number;
  /** Of `ms`, in which threads that had done their part waited for the others: mean of the threads. */
  idle: number;
  flops: number;
  calls: number;
}

/** Prints the table; medians of each call. */
export async function profile(name: string, options: Options): Promise<void> {
  const built = await architecture(name);
  const training = options.work === "training";
  const batch = Number(options.batch ?? 1);
  const side = Number(options.size ?? built.inputSize);
  const threads = Number(options.threads ?? 1);
  const build = (options.build ?? (training ? "simd" : await fastestBuild())) as Build;
  const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
  const graph = training
    ? trainingGraph(built, built.defaultClasses, [batch, side, side, built.channels], settings)
    : inferenceGraph(built, built.defaultClasses, { batch, height: side, width: side }, "logits");
  const peak = await registerPeak(build);
  const bound = await bind(graph, { build, threads, random: (input) => input === "x" });
  const { plan } = bound;

  const peaks: number[] = [];
  const alone: Float64Array[] = [];
  const together: Float64Array[][] = [];
  const team = threads > 1 ? gather(bound, threads) : undefined;
  for (let run = -3; run < Number(options.runs ?? 10); run++) {
    peaks.push(peak());
    bound.feed();
    const times = timeCalls(bound.share);
    bound.feed();
    const shared = team ? await team.run() : [times];
    if (run < 0) continue;
    alone.push(times);
    together.push(shared);
  }
  team?.close();

  const middle = (of: (run: number) => number) => median(alone.map((_, run) => of(run)));
  const lines = new Map<string, Line>();
  const lastCalls = new Map(plan.calls.map(({ node }, i) => [node, i]));
  plan.calls.forEach(({ kernel, node }, i) => {
    const { op, scope, flops } = plan.nodes[node];
    const key = options.nodes ? `${scope || "-"} ${op}` : `${op} ${kernel}`;
    const line = lines.get(key) ?? { ms: 0, alone: 0, idle: 0, flops: 0, calls: 0 };
    const longest = (run: number) => Math.max(...together[run].map((times) => times[i]));
    line.ms += middle(longest);
    line.alone += middle((run) => alone[run][i]) / threads;
    line.idle += middle((run) => longest(run) - together[run].reduce((sum, times) => sum + times[i], 0) / threads);
    line.calls++;
    if (lastCalls.get(node) === i) line.flops += flops; // strips split a node into calls; its arithmetic counts once
    lines.set(key, line);
  });

  const sum = (of: (line: Line) => number) => [...lines.values()].reduce((total, line) => total + of(line), 0);
  const total = sum(({ ms }) => ms);
  const flops = plan.nodes.reduce((all, node) => all + node.flops, 0);
  console.log(
    `${built.name} ${training ? "training" : "inference"}, ${build}, batch ${batch}, ${side} px, ${threads} threads: ${total.toFixed(2)} ms, ${(flops / total / 1e6).toFixed(1)} GFLOP/s of ${(median(peaks) * threads).toFixed(1)}, arena ${(plan.arenaBytes / 1e6).toFixed(1)} MB`,
  );
  if (team) {
    const whole = middle((run) => Math.max(...together[run].map((times) => times.at(-1) as number)));
    const one = middle((run) => alone[run].at(-1) as number);
    console.log(
      `${whole.toFixed(2)} ms from start to end, ${(one / whole).toFixed(2)} times as fast as one thread's ${one.toFixed(2)}; lost: ${(total - sum((line) => line.alone)).toFixed(2)} ms in calls, of which ${sum(({ idle }) => idle).toFixed(2)} waiting for the last; ${(whole - total).toFixed(2)} ms between calls`,
    );
  }
  for (const [key, line] of [...lines].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 40)) {
    const lost = team ? ` ${(line.ms - line.alone).toFixed(3).padStart(7)} lost ${line.idle.toFixed(3).padStart(7)} idle` : "";
    console.log(
      `${line.ms.toFixed(3).padStart(9)} ms ${((line.ms / total) * 100).toFixed(1).padStart(5)} %${lost}  ${(line.flops / line.ms / 1e6).toFixed(1).padStart(6)} GFLOP/s  ${String(line.calls).padStart(4)}x  ${key}`,
    );
  }
}

/** Threads that run a program together, each timing its calls. */
function gather({ module, memory, code }: Bound, threads: number): { run(): Promise<Float64Array[]>; close(): void } {
  const workers = Array.from({ length: threads }, (_, thread) => {
    const workerData: ThreadData = { module, memory, code, thread, threads };
    return new Worker(new URL("./profile-thread.ts", import.meta.url), { workerData });
  });
  const answer = async (worker: Worker): Promise<Float64Array> => {
    const answered = once(worker, "message"); // rejects where the worker fails, too
    worker.postMessage("run");
    const [times] = await answered;
    return times;
  };
  return {
    run: () => Promise.all(workers.map(answer)),
    close: () => {
      for (const worker of workers) void worker.terminate();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const text = { type: "string" } as const;
  const options = { work: text, batch: text, size: text, build: text, threads: text, runs: text, nodes: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  await profile(positionals[0] ?? "mobilenet_v2", values);
}
