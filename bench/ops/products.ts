/**
 * Which share of the register peak do the matrix products of real layers reach?
 *
 * node --import tsx bench/ops/products.ts [--build simd,relaxed] [--work inference,forward,dx,dw] [--runs n] [--against file.wasm] [RowsxColumnsxDepth ...]
 *
 * A product runs as the plan calls it, on one thread. `inference` has batch 1 and weights packed ahead, the training products batch 8
 * and all packing inside. Shares are medians of the speed divided by that of the register peak timed right before. `--against` puts the
 * kernels of another binary of the same build beside ours, turn by turn.
 */
import { atOnce } from "../../src/core/slices.js";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { bytesPerElement } from "../../src/core/dtype.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { dense, denseBackwardWeight, matmul } from "../../src/ops/dense.js";
import { padded } from "../../src/plan/arena.js";
import { compile, type Operand, type Plan } from "../../src/plan/compile.js";
import { compileBinary } from "../../src/runtime/binaries.js";
import { bindKernels, type Build, fastestBuild } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";
import { link, runShare, type Share, shareOf } from "../../src/runtime/program.js";
import { registerPeak } from "../register-peak.js";

/** [rows at batch 1, columns, depth] of 1x1 layers of MobileNetV2 and ResNet, and of 3x3 layers as im2col makes them. */
const layers = "3136x96x24 3136x24x96 784x32x192 196x64x384 196x384x64 49x160x960 49x960x160 49x1280x320 3136x256x64 784x128x512 196x256x2304 49x512x4608"
  .split(" ")
  .map((text) => text.split("x").map(Number));
/** The same at every batch. */
const cubes = [256, 512, 1024].map((side) => [side, side, side]);

const trainingBatch = 8;

/** Graph of one product [rows, columns] over `depth`; weights are inputs where packing them is part of the work. */
const works: Record<string, (graph: Graph, rows: number, columns: number, depth: number) => Value> = {
  inference(graph, rows, columns, depth) {
    const weight = graph.keep("parameter", "weight", [depth, columns]);
    return dense({ x: graph.input("x", [rows, depth]), weight, bias: graph.keep("parameter", "bias", [columns]) });
  },
  forward: (graph, rows, columns, depth) => dense({ x: graph.input("x", [rows, depth]), weight: graph.input("weight", [depth, columns]) }),
  dx: (graph, rows, columns, depth) => matmul({ a: graph.input("dy", [rows, columns]), b: graph.input("weight", [depth, columns]) }, { transposeB: true }),
  dw: (graph, rows, columns, depth) => denseBackwardWeight({ x: graph.input("x", [rows, depth]), dy: graph.input("dy", [rows, columns]) }),
};

export interface ProductSpeed {
  readonly work: string;
  /** [rows, columns, depth] as the product had them. */
  readonly shape: readonly number[];
  /** GFLOP/s, and the median share of the register peak. */
  readonly speed: number;
  readonly share: number;
  /** Time of the other binary by ours. */
  readonly ratio?: number;
}

/**
 * Measures each work on each shape, `runs` times at least 6 ms. All shapes of a work take turns, so that what else runs on the machine
 * meets them alike.
 */
export async function* measureProducts({
  build,
  work = Object.keys(works),
  shapes,
  runs = 15,
  against,
}: {
  build: Build;
  work?: readonly string[];
  /** Default: the layers and cubes of this file. */
  shapes?: readonly (readonly number[])[];
  runs?: number;
  against?: WebAssembly.Module;
}): AsyncGenerator<ProductSpeed> {
  const peak = await registerPeak(build);
  const modules = [await compileBinary(build), ...(against ? [against] : [])];
  for (const name of work) {
    const batch = name === "inference" ? 1 : trainingBatch;
    const products = (shapes ?? [...layers.map(([rows, ...rest]) => [rows * batch, ...rest]), ...cubes]).map((shape) => {
      const [rows, columns, depth] = shape;
      const graph = new Graph();
      graph.output("y", works[name](graph, rows, columns, depth));
      const flops = 2 * rows * columns * depth;
      return {
        shape,
        flops,
        repeats: Math.ceil(3e8 / flops),
        samples: modules.map(() => [] as { speed: number; share: number }[]),
        shares: loaded(compile(graph, { build }), modules),
      };
    });
    for (let run = -2; run < runs; run++) {
      for (const { flops, repeats, samples, shares } of products) {
        for (const [i, share] of shares.entries()) {
          runShare(share);
          const limit = peak();
          const start = performance.now();
          for (let repeat = 0; repeat < repeats; repeat++) runShare(share);
          const speed = (flops * repeats) / (performance.now() - start) / 1e6;
          if (run >= 0) samples[i].push({ speed, share: speed / limit });
        }
      }
    }
    for (const { shape, samples } of products) {
      const [ours, other] = samples.map((runs) => ({ speed: median(runs.map(({ speed }) => speed)), share: median(runs.map(({ share }) => share)) }));
      yield { work: name, shape, ...ours, ...(other && { ratio: ours.share / other.share }) };
    }
  }
}

/** A program on a memory with random inputs, prepared and ready to run, for each of the binaries. */
function loaded(plan: Plan, modules: readonly WebAssembly.Module[]): Share[] {
  let end = 65536;
  const take = (bytes: number) => {
    const at = end;
    end += Math.max(64, padded(bytes));
    return at;
  };
  const kept = new Map(plan.kept.map((value) => [value.name, take(sizeOf(value.shape) * bytesPerElement[value.dtype])]));
  const derived = new Map([...plan.derived].map(([key, bytes]) => [key, take(bytes)]));
  const arena = take(plan.arenaBytes);
  const memory = createMemory(end + 64);
  const address = (at: Exclude<Operand, number>) =>
    at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key) as number));
  const random = new Random(1);
  const fill = (value: Value, at: number) => {
    const floats = new Float32Array(memory.buffer, at, sizeOf(value.shape));
    for (let i = 0; i < floats.length; i++) floats[i] = random.uniform(-1, 1);
  };
  for (const value of plan.kept) fill(value, kept.get(value.name) as number);
  for (const { value, at } of plan.inputs.values()) if (typeof at === "object") fill(value, address(at));
  return modules.map((module) => {
    const kernels = bindKernels(module, memory);
    runShare(shareOf(atOnce(link(plan.prepare, address)), kernels, 0, 1));
    return shareOf(atOnce(link(plan.calls, address)), kernels, 0, 1);
  });
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { build: { type: "string" }, work: { type: "string" }, runs: { type: "string" }, against: { type: "string" } },
  });
  const against = values.against === undefined ? undefined : await WebAssembly.compile((await readFile(values.against)) as BufferSource);
  for (const build of (values.build ?? (await fastestBuild())).split(",") as Build[]) {
    const found: ProductSpeed[] = [];
    console.log(`| ${build} | rows x columns x depth | GFLOP/s | of peak |${against ? " ratio |" : ""}\n|---|---|---|---|${against ? "---|" : ""}`);
    const options = {
      build,
      against,
      work: values.work?.split(","),
      runs: values.runs === undefined ? undefined : Number(values.runs),
      shapes: positionals.length ? positionals.map((text) => text.split("x").map(Number)) : undefined,
    };
    for await (const product of measureProducts(options)) {
      found.push(product);
      const { work, shape, speed, share, ratio } = product;
      console.log(`| ${work} | ${shape.join(" x ")} | ${speed.toFixed(1)} | ${percent(share)} |${ratio ? ` ${ratio.toFixed(3)} |` : ""}`);
    }
    for (const work of new Set(found.map(({ work }) => work))) {
      const lines = found.filter((line) => line.work === work);
      const mean = (of: (line: ProductSpeed) => number) => Math.exp(lines.reduce((sum, line) => sum + Math.log(of(line)), 0) / lines.length);
      const worst = Math.min(...lines.map(({ share }) => share));
      console.log(
        `${build} ${work}: geometric mean ${percent(mean(({ share }) => share))} of the peak, worst ${percent(worst)}${
          against ? `, ratio ${mean(({ ratio }) => ratio ?? 1).toFixed(3)}` : ""
        }`,
      );
    }
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
