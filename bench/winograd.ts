/**
 * Where does Winograd's algorithm beat the direct convolution, and what does it cost in accuracy?
 *
 * tsx bench/winograd.ts [--build relaxed] [--runs n] [--batch n] [--gradient] [HxWxCxO ...]
 *
 * Each shape is a chain of layers with weights of their own, so that panels come from where they come in a network.
 * Direct, F(2x2) and F(4x4) take turns; medians are reported, and the largest error of sampled outputs of the first
 * layer as a share of the largest output.
 */
import { parseArgs } from "node:util";
import { Random } from "../src/core/random.js";
import { sizeOf } from "../src/core/shape.js";
import { Graph, type Value } from "../src/graph/graph.js";
import { defineOp } from "../src/graph/op.js";
import { conv2d, conv2dBackwardX } from "../src/ops/conv2d.js";
import { type LayerShape, lowerWinograd, type TileSize, winogradRule } from "../src/ops/lowering/winograd.js";
import { type Build, fastestBuild } from "../src/runtime/instance.js";
import { Session } from "../src/runtime/session.js";
import { requireFresh } from "../scripts/steps.js";

requireFresh("kernels");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    build: { type: "string" },
    runs: { type: "string", default: "15" },
    batch: { type: "string", default: "1" },
    gradient: { type: "boolean", default: false },
  },
});
/** Stages of ResNet-18/50 at 224 px and of ResNet-20 at 32 px. */
const stages = ["56x56x64x64", "28x28x128x128", "14x14x256x256", "7x7x512x512", "32x32x16x16", "16x16x32x32", "8x8x64x64"];
const depth = 4;
const samples = 300;
const batch = Number(values.batch);
const build = (values.build ?? (await fastestBuild())) as Build;

const forced = (size: TileSize) =>
  defineOp({
    ...conv2d,
    name: `winograd${size}`,
    lower: (emit, { x, weight, y }) => lowerWinograd(emit, { x, weight, y }, size, [-1, -1], { flipped: values.gradient }),
  });
const direct = values.gradient
  ? (x: Value, weight: Value) => conv2dBackwardX({ dy: x, weight }, { padding: [1, 1, 1, 1], size: x.shape.slice(1, 3) })
  : (x: Value, weight: Value) => conv2d({ x, weight }, { padding: [1, 1, 1, 1] });
const ways = [direct, ...([2, 4] as const).map((size) => (x: Value, weight: Value) => forced(size)({ x, weight }, { padding: [1, 1, 1, 1] }))];

console.log(`build ${build}, batch ${batch}, ${values.gradient ? "gradient of x" : "forward"}; GFLOP/s count the direct convolution`);
console.log("| layer | direct ms | GFLOP/s | F(2x2) | F(4x4) | rule | error direct | F(2x2) | F(4x4) |\n|---|---|---|---|---|---|---|---|---|");
for (const text of positionals.length ? positionals : stages) {
  const [height, width, channels, filters] = text.split("x").map(Number);
  const shape: LayerShape = [height, width, channels, filters];
  const random = new Random(1);
  const x = Float32Array.from({ length: batch * height * width * channels }, () => Math.max(0, random.uniform(-1, 1)));
  const bound = Math.sqrt(6 / (9 * channels));
  const weights = Array.from({ length: depth }, () => Float32Array.from({ length: 9 * channels * filters }, () => random.uniform(-bound, bound)));
  const programs = await Promise.all(
    ways.map(async (convolution) => {
      const graph = new Graph();
      const input = graph.input("x", [batch, height, width, channels]);
      const first: Value[] = [];
      const layers = weights.map((_, i) => graph.keep("parameter", `w${i}`, [3, 3, channels, filters]));
      const last = channels === filters ? layers.reduce((value, weight) => (first.push(convolution(value, weight)), first.at(-1) as Value), input) : undefined;
      graph.output("first", first[0] ?? convolution(input, layers[0]));
      if (last) graph.output("last", last);
      const session = await Session.open({ build, threads: 1, inline: true, winograd: false });
      const program = await session.prepare(graph);
      for (const [i, weight] of weights.entries()) if (graph.kept.has(`w${i}`)) await session.write(`w${i}`, weight);
      return { session, program, times: [] as number[], found: (await program.run({ x })).first };
    }),
  );
  for (let run = -2; run < Number(values.runs); run++) {
    for (const { program, times } of programs) {
      const start = performance.now();
      await program.run({ x });
      if (run >= 0) times.push(performance.now() - start);
    }
  }
  const layers = channels === filters ? depth : 1;
  const medians = programs.map(({ times }) => times.sort((a, b) => a - b)[times.length >> 1] / layers);
  const errors = errorsOf(
    shape,
    x,
    weights[0],
    programs.map(({ found }) => found),
  );
  for (const { session } of programs) session.close();
  const speed = (2 * 9 * batch * sizeOf(shape)) / medians[0] / 1e6;
  const cells = [medians[0].toFixed(3), speed.toFixed(1), ...medians.slice(1).map((ms) => `${(medians[0] / ms).toFixed(2)}x`)];
  const rule = winogradRule(shape);
  console.log(`| ${[text, ...cells, rule ? `F(${rule}x${rule})` : "direct", ...errors.map((error) => error.toExponential(1))].join(" | ")} |`);
}
process.exit(0);

/** Largest error of sampled outputs against sums in float64, as a share of the largest output. */
function errorsOf([height, width, channels, filters]: LayerShape, x: Float32Array, weight: Float32Array, found: readonly Float32Array[]): number[] {
  const random = new Random(2);
  const scale = found[0].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const errors = found.map(() => 0);
  for (let i = 0; i < samples; i++) {
    const [oy, ox, out] = [height, width, values.gradient ? channels : filters].map((size) => Math.floor(random.uniform(0, size)));
    let sum = 0;
    for (let tap = 0; tap < 9; tap++) {
      const iy = oy - 1 + Math.floor(tap / 3);
      const ix = ox - 1 + (tap % 3);
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
      for (let c = 0; c < channels; c++) {
        const w = values.gradient ? ((8 - tap) * channels + out) * filters + c : (tap * channels + c) * filters + out;
        sum += x[(iy * width + ix) * channels + c] * weight[w];
      }
    }
    found.forEach((y, k) => (errors[k] = Math.max(errors[k], Math.abs(y[(oy * width + ox) * filters + out] - sum) / scale)));
  }
  return errors;
}
