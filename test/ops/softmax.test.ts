import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { softmax } from "../../src/ops/softmax.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { mapValues, testOp, type Tensor64 } from "../harness/test-op.js";

function softmax64(x: Tensor64): Tensor64 {
  const columns = x.shape.at(-1) as number;
  const sums = new Float64Array(x.data.length / (columns || 1));
  x.data.forEach((value, i) => {
    sums[Math.floor(i / columns)] += Math.exp(value);
  });
  return mapValues(x, (value, i) => Math.exp(value) / sums[Math.floor(i / columns)]);
}

testOp(softmax, {
  inputs: { x: [[3, 10], [5, 37], [2, 3, 4], [7], [4, 1], [2, 1000], [0, 5], [3, 0]] },
  ranges: { x: [-9, 9] },
  // exp(x - max) carries the rounding of x - max, at most 18 here.
  reference: ({ x }) => ({ ...softmax64(x), magnitude: softmax64(x).data, terms: 18 ** 2 }),
});

describe("softmax", () => {
  it.each(builds)("%s: large, infinite and NaN logits", async (build) => {
    const graph = new Graph();
    const x = graph.input("x", [4, 3]);
    const rows = [1000, 1000, -1000, -Infinity, 0, 0, Infinity, 0, 0, NaN, 0, 1];
    const [y] = await runGraph(graph, new Map([[x, Float32Array.from(rows)]]), [softmax({ x })], { build });
    expect([...y]).toEqual([0.5, 0.5, 0, 0, 0.5, 0.5, NaN, expect.anything(), expect.anything(), NaN, NaN, NaN]);
  });
});
