import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { logSoftmax } from "../../src/ops/log-softmax.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";

testOp(logSoftmax, {
  inputs: { x: [[3, 10], [2, 5, 7], [4, 1], [1000], [0, 3]] },
  ranges: { x: [-8, 8] },
  reference: ({ x }) => logSoftmax64(x),
});

function logSoftmax64({ shape, data }: Tensor64) {
  const columns = shape[shape.length - 1];
  const y = new Float64Array(data.length);
  const magnitude = new Float64Array(data.length);
  for (let row = 0; row < data.length; row += columns) {
    const x = data.subarray(row, row + columns);
    const most = Math.max(...x);
    const rest = Math.log(x.reduce((sum, value) => sum + Math.exp(value - most), 0));
    for (let i = 0; i < columns; i++) {
      y[row + i] = x[i] - most - rest;
      magnitude[row + i] = Math.abs(x[i]) + Math.abs(most) + rest;
    }
  }
  return { shape, data: y, magnitude, terms: 3 };
}

describe("logSoftmax", () => {
  it.each(builds)("%s: is finite where the probability is 0", async (build) => {
    const graph = new Graph();
    const x = graph.input("x", [3]);
    const [y] = await runGraph(graph, new Map([[x, Float32Array.of(1000, 0, -1000)]]), [logSoftmax({ x })], { build });
    expect([...y]).toEqual([0, -1000, -2000]);
  });

  it("wants at least one axis", () => {
    expect(() => logSoftmax({ x: new Graph().input("x", []) })).toThrow("logSoftmax: x is a scalar, expected at least one axis");
  });
});
