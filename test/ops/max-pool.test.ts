import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { maxPool } from "../../src/ops/max-pool.js";
import { quantize } from "../../src/ops/quantize.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp } from "../harness/test-op.js";
import { poolShape64, windowValues } from "./pool-reference.js";

testOp(maxPool, {
  cases: [
    { shapes: { x: [2, 6, 8, 3] } },
    { shapes: { x: [2, 7, 9, 16] }, attributes: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] } },
    { shapes: { x: [1, 8, 8, 5] }, attributes: { kernel: [3, 3], stride: [2, 2], ceilMode: true } },
    { shapes: { x: [2, 6, 5, 37] }, attributes: { kernel: [3, 2], stride: [1, 3], padding: [0, 1, 1, 0], ceilMode: true } },
    { shapes: { x: [1, 5, 5, 8] }, attributes: { kernel: [2, 2], stride: [3, 3], padding: [1, 1, 1, 1], ceilMode: true } },
    { shapes: { x: [1, 4, 4, 1] }, attributes: { kernel: [4, 4] } },
    { shapes: { x: [1, 9, 8, 12] }, attributes: { kernel: [4, 5], stride: [2, 2], padding: [2, 1, 2, 2] } },
    { shapes: { x: [0, 4, 4, 4] } },
    { shapes: { x: [1, 1, 1, 9] }, attributes: { kernel: [2, 2], padding: [1, 0, 0, 1] } },
    { shapes: { x: [1, 2, 2, 3] }, attributes: { kernel: [3, 3], stride: [2, 2], ceilMode: true } },
    { shapes: { x: [2, 9, 8, 5] }, attributes: { kernel: [3, 2], stride: [2, 1], padding: [2, 1, 0, 1], dilation: [2, 3] } },
    { shapes: { x: [1, 7, 7, 4] }, attributes: { kernel: [2, 3], stride: [3, 2], padding: [0, 0, 1, 1], dilation: [1, 2], ceilMode: true } },
  ],
  reference({ x }, attributes) {
    const shape = poolShape64(x.shape, attributes);
    return { shape, data: windowValues(x, shape, attributes, (values) => Math.max(...values)) };
  },
});

describe("maxPool", () => {
  const run = async (values: number[], build: "simd" | "relaxed") => {
    const graph = new Graph();
    const x = graph.input("x", [1, 2, 2, 1]);
    const dy = graph.input("dy", [1, 1, 1, 1]);
    const y = maxPool({ x });
    const dx = maxPool.gradient!.x({ ...y.node!.tensors, dy }, y.node!.attributes as typeof maxPool.attributes, 0);
    return runGraph(
      graph,
      new Map([
        [x, Float32Array.from(values)],
        [dy, Float32Array.of(5)],
      ]),
      [y, dx],
      { build },
    );
  };

  it.each(builds)("%s: sends the gradient to the first of equal maxima", async (build) => {
    expect(await run([1, 3, 3, 3], build)).toEqual([Float32Array.of(3), Float32Array.of(0, 5, 0, 0)]);
    expect(await run([-Infinity, -Infinity, -Infinity, -Infinity], build)).toEqual([Float32Array.of(-Infinity), Float32Array.of(5, 0, 0, 0)]);
  });

  it.each(builds)("%s: NaN anywhere in a window wins; its gradient goes to the largest number", async (build) => {
    for (const at of [0, 1, 2, 3]) {
      const values = [1, Infinity, 2, -1];
      values[at] = NaN;
      const [y, dx] = await run(values, build);
      expect(y).toEqual(Float32Array.of(NaN));
      expect(dx.indexOf(5)).toBe(at === 1 ? 2 : 1);
    }
  });

  it.each(builds)("%s: both infinities in a window are no NaN", async (build) => {
    expect((await run([-Infinity, 1, Infinity, 2], build))[0]).toEqual(Float32Array.of(Infinity));
    expect((await run([-Infinity, NaN, Infinity, 2], build))[0]).toEqual(Float32Array.of(NaN));
  });

  it.each(builds)("%s: NaN in a dilated window wins, outside of it does not count", async (build) => {
    const graph = new Graph();
    const x = graph.input("x", [1, 3, 1, 1]);
    const y = maxPool({ x }, { kernel: [2, 1], dilation: [2, 1] });
    const run = async (values: number[]) => (await runGraph(graph, new Map([[x, Float32Array.from(values)]]), [y], { build }))[0];
    expect(await run([1, NaN, 2])).toEqual(Float32Array.of(2));
    expect(await run([1, 3, NaN])).toEqual(Float32Array.of(NaN));
    expect(await run([NaN, 3, 1])).toEqual(Float32Array.of(NaN));
  });

  it("takes no bytes with dilated windows", () => {
    const x = quantize({ x: new Graph().input("x", [1, 4, 4, 3]) }, { scale: 0.1, zeroPoint: 0 });
    expect(() => maxPool({ x }, { dilation: [2, 1] })).toThrow("maxPool: dilated windows take float32, got uint8");
  });

  it("names what does not fit", () => {
    const x = new Graph().input("x", [1, 4, 4, 3]);
    expect(() => maxPool({ x }, { kernel: [2, 2], padding: [2, 0, 0, 0] })).toThrow(
      "maxPool: padding [2,0,0,0] expects less than the kernel [2,2], or a window would hold nothing (x [1,4,4,3])",
    );
    expect(() => maxPool({ x }, { kernel: [5, 5] })).toThrow("maxPool: the kernel [5,5] is larger than x with its padding [0,0,0,0] (x [1,4,4,3])");
    expect(() => maxPool({ x }, { stride: [0, 1] })).toThrow(
      "maxPool: kernel [2,2], stride [0,1] and dilation [1,1] expect whole numbers of 1 or more, padding [0,0,0,0] of 0 or more",
    );
  });
});
