import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { clipFactor, squaredNorm } from "../../src/ops/gradient-norm.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp, type Case } from "../harness/test-op.js";

testOp(squaredNorm, {
  inputs: { x: [[1], [3], [7, 11], [4096], [4097], [3, 5, 1000], [64, 257], [0]] },
  reference({ x }) {
    const sum = Float64Array.of(x.data.reduce((total, value) => total + value * value, 0));
    return { shape: [1], data: sum, magnitude: sum, terms: x.data.length };
  },
});

testOp(clipFactor, {
  cases: [0.5, 2, 100].flatMap((maxNorm): Case<{ maxNorm: number }>[] => [
    { shapes: { x0: [1] }, attributes: { maxNorm }, values: { x0: [4] } },
    { shapes: { x0: [1], x1: [1], x2: [1] }, attributes: { maxNorm }, values: { x0: [4], x1: [0.25], x2: [9] } },
    { shapes: { x0: [1], x1: [1] }, attributes: { maxNorm }, values: { x0: [0], x1: [0] } },
  ]),
  reference: (norms, { maxNorm }) => ({
    shape: [1],
    data: Float64Array.of(Math.min(1, maxNorm / (Math.sqrt(Object.values(norms).reduce((sum, { data }) => sum + data[0], 0)) + 1e-6))),
  }),
});

describe("clipFactor", () => {
  it.each(builds)("%s: a NaN gradient shows", async (build) => {
    const graph = new Graph();
    const x = graph.input("x", [5]);
    const [factor] = await runGraph(graph, new Map([[x, Float32Array.of(1, 2, NaN, 3, 4)]]), [clipFactor([squaredNorm({ x })])], { build });
    expect(factor).toEqual(Float32Array.of(NaN));
  });
});
