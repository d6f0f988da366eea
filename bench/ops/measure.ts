import { Bench } from "tinybench";
import { bytesPerElement } from "../../src/core/dtype.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import type { Build } from "../../src/runtime/instance.js";
import { runShare } from "../../src/runtime/program.js";
import { bind } from "../bound.js";
import { memorySweep } from "./memory-sweep.js";

/** One op on the shape of a real layer. */
export interface Case {
  readonly kernel: string;
  readonly layer: string;
  readonly graph: Graph;
}

/** What `npm run bench:ops` prints a line of. */
export interface Speed {
  readonly kernel: string;
  readonly layer: string;
  readonly ms: number;
  /** Of the register peak: multiply-adds as the op counts them, a convolution's always as the direct one's. */
  readonly of_peak: number;
  /** Of what one sweep takes that reads as many bytes and writes as many. */
  readonly of_bandwidth?: number;
}

/** A case whose op takes inputs of these shapes. */
export function caseOf(kernel: string, layer: string, shapes: Record<string, readonly number[]>, op: (inputs: Record<string, Value>) => Value): Case {
  const graph = new Graph();
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, shape)]));
  graph.output("y", op(inputs));
  return { kernel, layer, graph };
}

/** Milliseconds that each of op, sweep and peak loop gets. */
const time = 60;

/** An op as the plan calls it, on one thread, beside the two things that bound it; medians. */
export async function measure({ kernel, layer, graph }: Case, build: Build, peak: () => number): Promise<Speed> {
  const { plan, share } = await bind(graph, { build });
  const bytes = (values: readonly Value[]) => values.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * bytesPerElement[dtype], 0);
  const reads = bytes([...plan.kept, ...[...plan.inputs.values()].map(({ value }) => value)]);
  const writes = bytes([...plan.kept.filter(({ name }) => plan.changes.includes(name)), ...[...plan.outputs.values()].map(({ value }) => value)]);
  const peaks: number[] = [];
  const bench = new Bench({ time, warmupTime: time / 4, iterations: 5, warmupIterations: 2 });
  bench.add("op", () => runShare(share)).add("sweep", await memorySweep(reads, writes));
  bench.add("peak", () => void peaks.push(peak()));
  const [op, sweep] = bench.runSync().map(({ result }) => {
    if (!("latency" in result)) throw new Error(`${kernel} ${layer}: no measurement`);
    return result.latency.p50;
  });
  const flops = plan.nodes.reduce((sum, node) => sum + node.flops, 0);
  const limit = peaks.sort((a, b) => a - b)[peaks.length >> 1];
  const algorithm = plan.calls.some((call) => call.kernel.includes("winograd")) ? ", Winograd" : "";
  return { kernel: kernel + algorithm, layer, ms: op, of_peak: flops / op / 1e6 / limit, of_bandwidth: sweep / op };
}
