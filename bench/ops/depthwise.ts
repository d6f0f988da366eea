/**
 * Which share of the register peak, or of the bandwidth, do depthwise convolutions of real layers reach?
 *
 * node --import tsx bench/ops/depthwise.ts [--build simd,relaxed] [--work forward,dx,dw] [--batch 1,8] [--runs n] [--against file.wasm] [SidexChannelsxKernelxStride ...]
 *
 * Layers run as the plan calls them, on one thread, weights as a network has them: packed ahead at batch 1 (inference), each time at batch
 * 8 (training). What bounds a layer is the larger of two times: its multiply-adds at the register peak, and one sweep that reads its
 * inputs and writes its output, from a memory of the same size. `--against` puts the kernels of another binary of the same build beside ours.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { depthwiseBackwardWeight, depthwiseBackwardX, depthwiseConv2d } from "../../src/ops/depthwise.js";
import { compileBinary } from "../../src/runtime/binaries.js";
import { type Build, fastestBuild } from "../../src/runtime/instance.js";
import { runShare } from "../../src/runtime/program.js";
import { registerPeak } from "../register-peak.js";
import { boundProgram } from "./bound-program.js";
import { memorySweep } from "./memory-sweep.js";

/** Side, channels, kernel and stride of the depthwise layers of MobileNetV2, then of those of MobileNetV3-large and ConvNeXt that differ. */
const layers = [
  ..."112x32x3x1 112x96x3x2 56x144x3x1 56x144x3x2 28x192x3x1 28x192x3x2 14x384x3x1 14x576x3x1 14x576x3x2 7x960x3x1".split(" "),
  ..."56x72x5x2 28x120x5x1 14x672x5x2 7x960x5x1 56x96x7x1 14x384x7x1".split(" "),
].map((text) => text.split("x").map(Number));

type Work = "forward" | "dx" | "dw";

/** Graph of a layer, and the bytes that it must read and write. */
function layerGraph(work: Work, batch: number, [side, channels, kernel, stride]: readonly number[]): { graph: Graph; reads: number; writes: number } {
  const graph = new Graph();
  const inner = [batch, side, side, channels];
  const outer = [batch, Math.ceil(side / stride), Math.ceil(side / stride), channels];
  const window = { stride: [stride, stride], padding: Array<number>(4).fill(kernel >> 1) };
  const shape = [kernel, kernel, 1, channels];
  const weight = () => (batch === 1 ? graph.keep("parameter", "weight", shape) : graph.input("weight", shape));
  const y: Value = {
    forward: () => depthwiseConv2d({ x: graph.input("x", inner), weight: weight() }, { ...window, low: batch === 1 ? 0 : -Infinity }),
    dx: () => depthwiseBackwardX({ dy: graph.input("dy", outer), weight: weight() }, { ...window, size: [side, side] }),
    dw: () => depthwiseBackwardWeight({ x: graph.input("x", inner), dy: graph.input("dy", outer) }, { ...window, kernel: [kernel, kernel] }),
  }[work]();
  graph.output("y", y);
  const [large, small] = [inner, outer].map((shape) => 4 * sizeOf(shape));
  return { graph, ...{ forward: { reads: large, writes: small }, dx: { reads: small, writes: large }, dw: { reads: large + small, writes: 0 } }[work] };
}

export interface DepthwiseSpeed {
  readonly work: Work;
  readonly batch: number;
  /** Side, channels, kernel, stride. */
  readonly layer: readonly number[];
  /** Medians: milliseconds, GFLOP/s, and shares of the register peak and of the bound. */
  readonly ms: number;
  readonly speed: number;
  readonly ofPeak: number;
  readonly ofBound: number;
  readonly bound: "peak" | "bandwidth";
  /** Time of ours by the other binary's. */
  readonly ratio?: number;
}

/** Measures each work on each layer, `runs` times at least 5 ms. */
export async function* measureDepthwise({
  build,
  work = ["forward", "dx", "dw"],
  batches = [1, 8],
  shapes = layers,
  runs = 7,
  against,
}: {
  build: Build;
  work?: readonly Work[];
  batches?: readonly number[];
  shapes?: readonly (readonly number[])[];
  runs?: number;
  against?: WebAssembly.Module;
}): AsyncGenerator<DepthwiseSpeed> {
  const peak = await registerPeak(build);
  const modules = [await compileBinary(build), ...(against ? [against] : [])];
  for (const name of work) {
    for (const batch of batches.filter((count) => count > 1 || name === "forward")) {
      for (const layer of shapes) {
        const [side, channels, kernel, stride] = layer;
        const { graph, reads, writes } = layerGraph(name, batch, layer);
        const programs = modules.map((module) => boundProgram(graph, build, module));
        const sweep = await memorySweep(reads, writes);
        const flops = 2 * batch * Math.ceil(side / stride) ** 2 * channels * kernel ** 2;
        const repeats = Math.ceil(5e6 / (flops / 30));
        const timed = (f: () => void) => {
          const start = performance.now();
          for (let repeat = 0; repeat < repeats; repeat++) f();
          return (performance.now() - start) / repeats;
        };
        const times = programs.map(() => [] as number[]);
        const sweeps: number[] = [];
        const peaks: number[] = [];
        for (let run = -2; run < runs; run++) {
          const limits = [peak(), timed(sweep)];
          const found = programs.map((program) => timed(() => runShare(program)));
          if (run < 0) continue;
          peaks.push(limits[0]);
          sweeps.push(limits[1]);
          found.forEach((ms, i) => times[i].push(ms));
        }
        const [ms, other] = times.map(median);
        const limits = { peak: flops / median(peaks) / 1e6, bandwidth: median(sweeps) };
        const bound = limits.peak > limits.bandwidth ? "peak" : "bandwidth";
        yield {
          work: name,
          batch,
          layer,
          ms,
          speed: flops / ms / 1e6,
          ofPeak: limits.peak / ms,
          ofBound: limits[bound] / ms,
          bound,
          ...(other && { ratio: ms / other }),
        };
      }
    }
  }
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { build: { type: "string" }, work: { type: "string" }, batch: { type: "string" }, runs: { type: "string" }, against: { type: "string" } },
  });
  const against = values.against === undefined ? undefined : await WebAssembly.compile((await readFile(values.against)) as BufferSource);
  for (const build of (values.build ?? (await fastestBuild())).split(",") as Build[]) {
    console.log(`| ${build} | batch | side x channels, kernel, stride | ms | GFLOP/s | of peak | of bound | bound |${against ? " ratio |" : ""}`);
    console.log(`|---|---|---|---|---|---|---|---|${against ? "---|" : ""}`);
    const totals = new Map<string, [number, number]>();
    const options = {
      build,
      against,
      work: values.work?.split(",") as Work[] | undefined,
      batches: values.batch?.split(",").map(Number),
      runs: values.runs === undefined ? undefined : Number(values.runs),
      shapes: positionals.length ? positionals.map((text) => text.split("x").map(Number)) : undefined,
    };
    for await (const { work, batch, layer, ms, speed, ofPeak, ofBound, bound, ratio } of measureDepthwise(options)) {
      const [side, channels, kernel, stride] = layer;
      const cells = [work, batch, `${side} x ${channels}, ${kernel}, ${stride}`, ms.toFixed(3), speed.toFixed(1), percent(ofPeak), percent(ofBound), bound];
      console.log(`| ${[...cells, ...(ratio ? [ratio.toFixed(3)] : [])].join(" | ")} |`);
      const [sum, count] = totals.get(`${work}, batch ${batch}`) ?? [0, 0];
      totals.set(`${work}, batch ${batch}`, [sum + Math.log(ofBound), count + 1]);
    }
    for (const [work, [sum, count]] of totals) console.log(`${build} ${work}: geometric mean ${percent(Math.exp(sum / count))} of the bound`);
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
