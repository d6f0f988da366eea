import { describe, expect, it } from "vitest";
import { philox } from "../../src/core/random.js";
import { Graph } from "../../src/graph/graph.js";
import { dropout } from "../../src/ops/dropout.js";
import { mapValues, testOp } from "../harness/test-op.js";
import { runGraph } from "../harness/run-kernels.js";

const random = [123456789, -2, 7, 0];

testOp(dropout, {
  cases: [
    { shapes: { x: [5, 7, 3], random: [4] }, attributes: { p: 0.2, stream: 3 }, values: { random } },
    { shapes: { x: [64], random: [4] }, attributes: { p: 0 }, values: { random } },
    { shapes: { x: [0, 3], random: [4] }, values: { random } },
  ],
  dtypes: { random: "int32" },
  reference: ({ x, random }, { p, stream }) =>
    mapValues(x, (value, i) => {
      const [seedLow, seedHigh, step] = Int32Array.from(random.data);
      const words = new Uint32Array([i >> 2, stream, step, 0]);
      philox(words, seedLow, seedHigh);
      return words[i % 4] / 2 ** 32 >= p ? value * Math.fround(1 / (1 - p)) : 0;
    }),
});

describe("dropout", () => {
  it("drops the share p, another each step and stream", async () => {
    const zeros = async (step: number, stream: number) => {
      const graph = new Graph();
      const x = graph.input("x", [40000]);
      const seed = graph.input("random", [4], "int32");
      const y = dropout({ x, random: seed }, { p: 0.3, stream });
      const [found] = await runGraph(
        graph,
        new Map<typeof x, Float32Array | Int32Array>([
          [x, new Float32Array(40000).fill(1)],
          [seed, new Int32Array([1, 2, step, 0])],
        ]),
        [y],
        { build: "simd" },
      );
      return [...found].map((value, i) => (value === 0 ? i : -1)).filter((i) => i >= 0);
    };
    const first = await zeros(0, 0);
    expect(first.length / 40000).toBeCloseTo(0.3, 2);
    for (const other of [await zeros(1, 0), await zeros(0, 1)]) expect(other.filter((i) => first.includes(i)).length / 40000).toBeCloseTo(0.09, 2);
  });

  it("refuses p = 1", () => {
    const graph = new Graph();
    expect(() => dropout({ x: graph.input("x", [4]), random: graph.input("random", [4], "int32") }, { p: 1 })).toThrow(
      "dropout: expected p from 0 to below 1, got 1",
    );
  });
});
