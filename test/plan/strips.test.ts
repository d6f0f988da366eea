import { atOnce } from "../../src/core/slices.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import { add } from "../../src/ops/add.js";
import { batchNorm, batchNormFrozen } from "../../src/ops/batch-norm.js";
import { conv2d } from "../../src/ops/conv2d.js";
import { relu } from "../../src/ops/relu.js";
import { reshape } from "../../src/ops/reshape.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { tanh } from "../../src/ops/tanh.js";
import { compile, type Plan } from "../../src/plan/compile.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";
import { type Build, builds } from "../harness/kernels.js";
import type { Data } from "../harness/run-kernels.js";
import { runPlan } from "../harness/run-plan.js";

const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, from: "images", groupOf: () => 0 } as const;

function feed(value: Value): Data {
  const size = sizeOf(value.shape);
  if (value.dtype === "int32") return new Int32Array(size);
  if (value.name.startsWith("hyper")) return new Float32Array(size).fill(0.1);
  if (value.kind !== "input") return atOnce(initialValues(value, 1));
  const random = new Random(5, value.name.length);
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Tensors here are smaller than what strips are for. */
const from = 2 ** 21;
const whole = { stripsFrom: Number.POSITIVE_INFINITY };

/** Calls that do a part of a kernel's units. */
const parts = ({ calls }: Plan) => calls.filter(({ first }) => first > 0).length;

async function expectSameBits(graph: Graph, build: Build): Promise<void> {
  const expected = await runPlan(compile(graph, { build, ...whole }), feed, { build });
  for (const threads of [1, 2]) {
    const found = await runPlan(compile(graph, { build, threads, stripsFrom: from }), feed, { build, threads });
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [name, bytes] of expected) expect(Buffer.compare(bytes, found.get(name) as Uint8Array), `${name}, ${threads} threads`).toBe(0);
  }
}

describe.each([
  ["mobilenet_v2", "train", 8, 64],
  ["mobilenet_v2", "frozen", 8, 64],
  ["resnet20", "train", 8, 64],
  ["mobilenetv3_small_100", "train", 16, 96],
] as const)("a step of %s with batch norm %s", (name, batchNorm, batch, side) => {
  test.each(builds)("in strips has the same bits, in hardly more memory: %s", async (build) => {
    const built = await architecture(name);
    const graph = trainingGraph(built, 10, [batch, side, side, built.channels], { ...settings, batchNorm });
    const [strips, apart] = [from, Number.POSITIVE_INFINITY].map((stripsFrom) => compile(graph, { build, stripsFrom }));
    expect(parts(strips)).toBeGreaterThan(20);
    expect(parts(apart)).toBe(0);
    expect(strips.arenaBytes).toBeLessThan(1.05 * apart.arenaBytes);
    await expectSameBits(graph, build);
  });
});

const shape = [1, 96, 96, 48] as const;
const channels = shape[3];

test("a value that only calls of the same strips read takes no memory", () => {
  const graph = new Graph();
  const kept = (name: string) => graph.keep("buffer", name, [channels]);
  const weight = graph.input("w", [1, 1, channels, channels]);
  const x = graph.input("x", shape);
  const norm = batchNormFrozen({ x: conv2d({ x, weight }), weight: kept("weight"), bias: kept("bias"), mean: kept("mean"), variance: kept("variance") });
  graph.output("y", tanh({ x: add({ a: sigmoid({ x: norm }), b: norm }) }));
  graph.output("x", x);
  const bytes = 4 * sizeOf(shape);
  expect(compile(graph, whole).arenaBytes).toBeGreaterThanOrEqual(3 * bytes);
  expect(compile(graph, { stripsFrom: from }).arenaBytes).toBeLessThan(2.75 * bytes);
});

test("small networks and those in which nothing walks together are left as they are", () => {
  const graph = new Graph();
  graph.output("y", sigmoid({ x: relu({ x: graph.input("x", [1, 8, 8, 8]) }) }));
  expect(compile(graph, { stripsFrom: from }).calls).toEqual(compile(graph, whole).calls);
});

/** Random networks of ops that walk, work in place, share storage, read whole tensors and reduce. */
test("whatever takes turns, the bits are the same", async () => {
  const kinds = ["add", "sigmoid", "view", "1x1", "3x3", "norm", "frozen"] as const;
  const step = fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(), b: fc.nat(), spoken: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async (steps) => {
      const graph = new Graph();
      const values: Value[] = [graph.input("p", shape), graph.input("q", shape)];
      const weight = (side: number) => graph.keep("parameter", `w${side}`, [side, side, channels, channels], { initializer: { kind: "normal", std: 0.1 } });
      const scale = (name: string, value: number) => graph.keep("parameter", name, [channels], { initializer: { kind: "constant", value } });
      const norm = () => ({ weight: scale("gamma", 1.5), bias: scale("beta", 0.5) });
      steps.forEach(({ kind, a, b, spoken }, i) => {
        const [x, y] = [values[a % values.length], values[b % values.length]];
        if (kind === "add") values.push(add({ a: x, b: y }));
        else if (kind === "sigmoid") values.push(sigmoid({ x }));
        else if (kind === "view") values.push(reshape({ x: relu({ x: reshape({ x }, { shape: [sizeOf(shape) / 16, 16] }) }) }, { shape }));
        else if (kind === "norm") values.push(batchNorm({ x, ...norm() }, { low: -1, high: 1 }));
        else if (kind === "frozen") values.push(batchNormFrozen({ x, ...norm(), mean: scale("mean", 0.25), variance: scale("variance", 2) }));
        else values.push(kind === "1x1" ? conv2d({ x, weight: weight(1) }) : conv2d({ x, weight: weight(3) }, { padding: [1, 1, 1, 1] }));
        if (spoken || i === steps.length - 1) graph.output(`out${i}`, values[values.length - 1]);
      });
      await expectSameBits(graph, "simd");
    }),
    { numRuns: 12, seed: 7 },
  );
});
