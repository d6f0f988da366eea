import { describe, expect, test } from "vitest";
import { atOnce } from "../../src/core/slices.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import { batchNorm, batchNormFrozen, updateRunning } from "../../src/ops/batch-norm.js";
import { depthwiseBackwardWeight, depthwiseConv2d } from "../../src/ops/depthwise.js";
import { relu } from "../../src/ops/relu.js";
import { type CompileOptions, compile } from "../../src/plan/compile.js";
import { checkpointGradients } from "../../src/plan/gradient-checkpointing.js";
import { normalizeOnLoad } from "../../src/plan/normalize-on-load.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";
import { builds } from "../harness/kernels.js";
import type { Data } from "../harness/run-kernels.js";
import { runPlan } from "../harness/run-plan.js";

function feed(value: Value): Data {
  const size = sizeOf(value.shape);
  if (value.dtype === "int32") return new Int32Array(size);
  if (value.name.startsWith("hyper")) return new Float32Array(size).fill(0.1);
  if (value.kind !== "input") return atOnce(initialValues(value, 1));
  const random = new Random(5, value.name.length);
  return Float32Array.from({ length: size }, () => random.normal());
}

async function expectSameBits(graph: Graph, options: CompileOptions & { build: (typeof builds)[number] }): Promise<void> {
  const expected = await runPlan(compile(graph, { ...options, loadsFrom: Number.POSITIVE_INFINITY }), feed, options);
  for (const threads of [1, 2]) {
    const found = await runPlan(compile(graph, { ...options, threads, loadsFrom: 0 }), feed, { ...options, threads });
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [name, bytes] of expected) expect(Buffer.compare(bytes, found.get(name) as Uint8Array), `${name}, ${threads} threads`).toBe(0);
  }
}

describe.each([
  ["mobilenet_v2", 17, {}],
  ["mobilenet_v2", 17, { stripsFrom: 2 ** 18 }],
  ["mobilenet_v2", 17, { rewrite: checkpointGradients }],
  ["mobilenetv3_small_100", 2, {}],
] as const)("a training step of %s with %i norms loaded, %o", (name, norms, options) => {
  test.each(builds)("has the same bits in no more memory: %s", async (build) => {
    const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
    const built = await architecture(name);
    const graph = trainingGraph(built, 10, [2, 32, 32, built.channels], settings);
    const [loads, apart] = [0, Number.POSITIVE_INFINITY].map((loadsFrom) => compile(graph, { build, ...options, loadsFrom }));
    expect(loads.nodes.filter(({ op }) => op === "batchStatistics").length).toBeGreaterThanOrEqual(norms);
    expect(apart.nodes.some(({ op }) => op === "batchStatistics")).toBe(false);
    expect(loads.arenaBytes).toBeLessThanOrEqual(apart.arenaBytes);
    await expectSameBits(graph, { build, ...options });
  });
});

const channels = 8;

function parts() {
  const graph = new Graph();
  const x = graph.input("x", [2, 5, 6, channels]);
  const kept = (name: string, value: number) => graph.keep("buffer", name, [channels], { initializer: { kind: "constant", value } });
  const [weight, bias, mean, variance] = [kept("weight", 1.5), kept("bias", 0.25), kept("mean", -0.5), kept("variance", 2)];
  const taps = graph.input("taps", [3, 3, 1, channels]);
  return { graph, x, weight, bias, mean, variance, taps };
}

const ops = (graph: Graph, leastBytes = 0) => atOnce(normalizeOnLoad(graph, leastBytes)).nodes.map(({ op }) => op.name);

test.each(builds)("given statistics serve as well: %s", async (build) => {
  const { graph, x, weight, bias, mean, variance, taps } = parts();
  const y = batchNormFrozen({ x, weight, bias, mean, variance }, { low: -0.5, high: 0.75 });
  graph.output("y", depthwiseConv2d({ x: y, weight: taps }, { padding: [1, 1, 1, 1] }));
  graph.output("dweight", depthwiseBackwardWeight({ x: y, dy: x }, { padding: [1, 1, 1, 1], kernel: [3, 3] }));
  expect(ops(graph)).toEqual(["norm_scale", "depthwiseConv2d", "depthwiseBackwardWeight"]);
  await expectSameBits(graph, { build });
});

test("statistics stay readable", async () => {
  const { graph, x, weight, bias, mean, taps } = parts();
  const norm = batchNorm.all({ x, weight, bias });
  graph.output("y", depthwiseConv2d({ x: norm.y, weight: taps }));
  graph.output("variance", norm.variance);
  updateRunning({ running: mean, batch: norm.mean });
  expect(ops(graph)).not.toContain("batchNorm");
  await expectSameBits(graph, { build: "simd" });
});

test("a norm is made where it is small, an output, read by others, or where what it is made of has changed before it is read", () => {
  const norm = (then: (y: Value, all: ReturnType<typeof parts>) => void) => {
    const all = parts();
    const { graph, x, weight, bias, mean, variance, taps } = all;
    const y = batchNormFrozen({ x, weight, bias, mean, variance });
    then(y, all);
    graph.output("convolved", depthwiseConv2d({ x: y, weight: taps }));
    return graph;
  };
  const bytes = 4 * 2 * 5 * 6 * channels;
  expect(
    ops(
      norm(() => {}),
      bytes,
    ),
  ).not.toContain("batchNormFrozen");
  expect(
    ops(
      norm(() => {}),
      bytes + 1,
    ),
  ).toContain("batchNormFrozen");
  expect(ops(norm((y, { graph }) => graph.output("y", y)))).toContain("batchNormFrozen");
  expect(ops(norm((y, { graph }) => graph.output("relu", relu({ x: y }))))).toContain("batchNormFrozen");
  expect(ops(norm((_, { mean, bias }) => updateRunning({ running: mean, batch: bias })))).toContain("batchNormFrozen");
});
