import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { accumulate } from "../../src/ops/accumulate.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(accumulate, {
  cases: [0, 1].flatMap((fresh) => [
    { shapes: { sum: [5, 7], x: [5, 7], fresh: [1] }, values: { fresh: [fresh] } },
    { shapes: { sum: [0], x: [0], fresh: [1] }, values: { fresh: [fresh] } },
  ]),
  reference: ({ sum, x, fresh }) => ({ sum: mapValues(x, (value, i) => value + (fresh.data[0] ? 0 : sum.data[i])) }),
});

describe("accumulate", () => {
  it.each(builds)("%s: a fresh sum has nothing of what was there", async (build) => {
    const graph = new Graph();
    const [sum, x, fresh] = [graph.input("sum", [3]), graph.input("x", [3]), graph.input("fresh", [1])];
    accumulate.all({ sum, x, fresh });
    const feeds = new Map([
      [sum, Float32Array.of(NaN, Infinity, 1)],
      [x, Float32Array.of(1, 2, 3)],
      [fresh, Float32Array.of(1)],
    ]);
    expect(await runGraph(graph, feeds, [sum], { build })).toEqual([Float32Array.of(1, 2, 3)]);
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [sum, x, fresh] = [graph.input("a", [4]), graph.input("x", [5]), graph.input("s", [1])];
    expect(() => accumulate.all({ sum, x, fresh })).toThrow("accumulate: sum and x differ in shape (sum [4], x [5], fresh [1])");
    expect(() => accumulate.all({ sum, x: sum, fresh: x })).toThrow("accumulate: fresh expects one number");
  });
});
