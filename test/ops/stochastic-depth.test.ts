import { describe, expect, it } from "vitest";
import { philox } from "../../src/core/random.js";
import { Graph } from "../../src/graph/graph.js";
import { stochasticDepth } from "../../src/ops/stochastic-depth.js";
import { runGraph } from "../harness/run-kernels.js";
import { mapValues, testOp } from "../harness/test-op.js";

const random = [123456789, -2, 7, 0];

testOp(stochasticDepth, {
  cases: [
    { shapes: { x: [9, 5, 7, 3], random: [4] }, attributes: { p: 0.4, stream: 3 }, values: { random } },
    { shapes: { x: [6, 4], random: [4] }, attributes: { p: 0 }, values: { random } },
    { shapes: { x: [11], random: [4] }, attributes: { p: 0.5 }, values: { random } },
    { shapes: { x: [0, 3], random: [4] }, values: { random } },
  ],
  dtypes: { random: "int32" },
  reference: ({ x, random }, { p, stream }) =>
    mapValues(x, (value, i) => {
      const [seedLow, seedHigh, step] = Int32Array.from(random.data);
      const words = new Uint32Array([Math.floor(i / (x.data.length / x.shape[0])), stream, step, 0]);
      philox(words, seedLow, seedHigh);
      return words[0] / 2 ** 32 >= p ? value * Math.fround(1 / (1 - p)) : 0;
    }),
});

describe("stochasticDepth", () => {
  it("drops whole images, the share p of them, others each step and stream, and so does the gradient", async () => {
    const images = 4000;
    const dropped = async (step: number, stream: number) => {
      const graph = new Graph();
      const x = graph.input("x", [images, 3]);
      const seed = graph.input("random", [4], "int32");
      const feeds = new Map<typeof x, Float32Array | Int32Array>([
        [x, new Float32Array(3 * images).fill(1)],
        [seed, new Int32Array([1, 2, step, 0])],
      ]);
      const [y] = await runGraph(graph, feeds, [stochasticDepth({ x, random: seed }, { p: 0.3, stream })], { build: "simd" });
      const sums = Array.from({ length: images }, (_, i) => y[3 * i] + y[3 * i + 1] + y[3 * i + 2]);
      expect(new Set(sums.map((sum) => sum.toFixed(3)))).toEqual(new Set(["0.000", (3 / 0.7).toFixed(3)]));
      return sums.flatMap((sum, i) => (sum === 0 ? i : []));
    };
    const first = await dropped(0, 0);
    expect(first.length / images).toBeCloseTo(0.3, 1);
    for (const other of [await dropped(1, 0), await dropped(0, 1)]) expect(other.filter((i) => first.includes(i)).length / images).toBeCloseTo(0.09, 1);
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [x, seed] = [graph.input("x", [4]), graph.input("random", [4], "int32")];
    expect(() => stochasticDepth({ x, random: seed }, { p: 1 })).toThrow("stochasticDepth: expected p from 0 to below 1, got 1");
    expect(() => stochasticDepth({ x, random: graph.input("r", [3], "int32") })).toThrow("stochasticDepth: expected random [4], got [3]");
  });
});
