import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.js";
import { add } from "../../src/ops/add.js";
import { batchNormFrozen, updateRunning } from "../../src/ops/batch-norm.js";
import { dense } from "../../src/ops/dense.js";
import { mul } from "../../src/ops/mul.js";
import { relu } from "../../src/ops/relu.js";
import { reshape } from "../../src/ops/reshape.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { tanh } from "../../src/ops/tanh.js";
import { compile, type Plan } from "../../src/plan/compile.js";
import { Session } from "../../src/runtime/session.js";

/** Place of an argument of a kernel call, such as `arena 64`. */
const at = (plan: Plan, call: number, argument: number): string => {
  const place = plan.calls[call].args[argument];
  return typeof place === "number" ? String(place) : `${place.region} ${place.offset}`;
};

describe("storage", () => {
  test("an op takes over the memory of an input that nothing reads later", () => {
    const graph = new Graph();
    graph.output("y", tanh({ x: sigmoid({ x: graph.input("x", [4, 8]) }) }));
    const plan = compile(graph);
    expect(plan.arenaBytes).toBe(128);
    expect(plan.calls.map(({ kernel }) => kernel)).toEqual(["sigmoid_f32", "tanh_f32"]);
    for (const call of [0, 1]) expect(at(plan, call, 0)).toBe(at(plan, call, 1));
  });

  test("not where the input is read later, is an output, or is kept", () => {
    const later = new Graph();
    const x = later.input("x", [4, 8]);
    later.output("y", add({ a: sigmoid({ x }), b: x }));
    const plan = compile(later);
    expect(at(plan, 0, 0)).not.toBe(at(plan, 0, 1));

    const output = new Graph();
    const s = sigmoid({ x: output.input("x", [4, 8]) });
    output.output("s", s);
    output.output("y", tanh({ x: s }));
    expect(at(compile(output), 1, 0)).not.toBe(at(compile(output), 1, 1));

    const kept = new Graph();
    const weight = kept.keep("parameter", "weight", [4, 8]);
    updateRunning({ running: weight, batch: kept.input("x", [4, 8]) }, { momentum: 1 });
    kept.output("y", tanh({ x: weight }));
    const [write, read] = compile(kept).calls;
    expect(write.args[0]).toEqual(read.args[1]);
    expect(read.args[0]).not.toEqual(read.args[1]);
  });

  test("a reshape is a view: it costs nothing, and in-place work stops where the view is still needed", () => {
    const graph = new Graph();
    const x = graph.input("x", [4, 8]);
    const view = reshape({ x: sigmoid({ x }) }, { shape: [32] });
    const other = tanh({ x: view });
    graph.output("y", add({ a: other, b: view }));
    const plan = compile(graph);
    expect(plan.calls.map(({ kernel }) => kernel).slice(0, 2)).toEqual(["sigmoid_f32", "tanh_f32"]);
    expect(at(plan, 1, 1)).toBe(at(plan, 0, 0));
    expect(at(plan, 1, 0)).not.toBe(at(plan, 1, 1));
  });

  test("each thread has a workspace of its own, so the arena grows with the threads", () => {
    const graph = new Graph();
    graph.output("y", dense({ x: graph.input("x", [64, 300]), weight: graph.input("w", [300, 70]) }));
    const sizes = [1, 2, 3].map((threads) => compile(graph, { threads }).arenaBytes);
    expect(sizes[1]).toBeGreaterThanOrEqual(sizes[0]);
    expect(sizes[2] - sizes[1]).toBe(sizes[1] - sizes[0]);
  });
});

describe("packed weights", () => {
  const graph = (mutate: boolean) => {
    const made = new Graph();
    const weight = made.keep("parameter", "weight", [8, 8]);
    made.output("y", dense({ x: made.input("x", [4, 8]), weight }));
    if (mutate) updateRunning({ running: weight, batch: made.input("w", [8, 8]) }, { momentum: 1 });
    return made;
  };

  test("are computed beforehand where the program leaves the weights alone, under a key with the build in it", () => {
    const plan = compile(graph(false));
    expect(plan.prepare.length).toBeGreaterThan(0);
    expect(plan.sources).toEqual(["weight"]);
    expect(plan.changes).toEqual([]);
    const keys = (build: "simd" | "relaxed") => [...compile(graph(false), { build }).derived.keys()];
    expect(keys("simd").length).toBeGreaterThan(0);
    expect(keys("simd").filter((key) => keys("relaxed").includes(key))).toEqual([]);
  });

  test("of a product with a folded norm: panels and bias stay, the scaled weight between them does not", () => {
    const folded = new Graph();
    const kept = (name: string) => folded.keep("parameter", name, [64]);
    const y = dense({ x: folded.input("x", [4, 64]), weight: folded.keep("parameter", "w", [64, 64]) });
    folded.output("y", batchNormFrozen({ x: y, weight: kept("weight"), bias: kept("bias"), mean: kept("mean"), variance: kept("variance") }));
    const plan = compile(folded);
    expect([...plan.derived.values()].sort((a, b) => a - b)).toEqual([4 * 64, 4 * 64 * 64]);
    expect(plan.prepare.map(({ kernel }) => kernel).sort()).toEqual(["mul_f32_rows", "norm_scale_f32", "norm_shift_f32", "pack_f32"]);
    const bytes = 4 * 64 * 64 + 4 * 64;
    expect(plan.arenaBytes).toBeGreaterThanOrEqual(bytes);
    for (const call of plan.prepare) {
      const places = call.args.flatMap((arg) => (typeof arg === "object" && arg.region === "arena" ? [arg.offset] : []));
      expect(new Set(places).size).toBe(places.length);
    }
  });

  test("are computed in each run where it changes the weights", () => {
    const plan = compile(graph(true));
    expect(plan.prepare).toEqual([]);
    expect(plan.derived.size).toBe(0);
    expect(plan.changes).toEqual(["weight"]);
    expect(plan.calls.length).toBe(compile(graph(false)).prepare.length + compile(graph(false)).calls.length + 1);
  });
});

/** Random graphs of ops that work in place or share storage, against the same sums in JavaScript. */
test("whatever shares memory, the numbers are those of the formulas", async () => {
  const session = await Session.open({ build: "simd", inline: true });
  const kinds = ["relu", "add", "mul", "reshape"] as const;
  const step = fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(), b: fc.nat(), spoken: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.integer({ min: 1, max: 40 }), async (steps, size) => {
      const graph = new Graph();
      const values: Value[] = [graph.input("p", [size]), graph.input("q", [1, size])];
      const numbers = [0.5, -1].map((shift) => Float32Array.from({ length: size }, (_, i) => Math.fround((i % 5) / 4 + shift)));
      const inputs = { p: numbers[0], q: numbers[1] };
      const expected: Record<string, Float32Array> = {};
      steps.forEach(({ kind, a, b, spoken }, i) => {
        const [u, v] = [a % values.length, b % values.length];
        const [x, y] = [numbers[u], numbers[v]];
        const flat = (value: Value) => (value.shape.length === 1 ? value : reshape({ x: value }, { shape: [size] }));
        if (kind === "relu") values.push(relu({ x: values[u] }));
        else if (kind === "reshape") values.push(reshape({ x: values[u] }, { shape: values[u].shape.length === 1 ? [size, 1, 1] : [size] }));
        else values.push((kind === "add" ? add : mul)({ a: flat(values[u]), b: flat(values[v]) }));
        numbers.push(x.map((value, j) => (kind === "relu" ? Math.max(value, 0) : kind === "add" ? value + y[j] : kind === "mul" ? value * y[j] : value)));
        if (spoken || i === steps.length - 1) {
          graph.output(`out${i}`, values[values.length - 1]);
          expected[`out${i}`] = numbers[numbers.length - 1];
        }
      });
      const program = await session.prepare(graph);
      const found = await program.run(inputs);
      await program.close();
      for (const [name, values] of Object.entries(expected)) expect([...found[name]].map((value) => value + 0)).toEqual([...values].map((value) => value + 0));
    }),
    { numRuns: 150 },
  );
  session.close();
});
