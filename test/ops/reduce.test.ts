import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { reduce } from "../../src/ops/reduce.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { positionsOf, testOp, type Tensor64 } from "../harness/test-op.js";

const functions: Record<"max" | "min" | "prod", readonly [number, (a: number, b: number) => number]> = {
  max: [-Infinity, (a, b) => Math.max(a, b)],
  min: [Infinity, (a, b) => Math.min(a, b)],
  prod: [1, (a, b) => a * b],
};

const shapes = [
  { shapes: { x: [5, 19] }, attributes: { axes: [0] } },
  { shapes: { x: [3, 37] }, attributes: { axes: [-1] } },
  { shapes: { x: [2, 3, 3, 7] }, attributes: { axes: [1, 2], keepDims: true } },
  { shapes: { x: [3, 2, 3, 2] }, attributes: { axes: [0, 2] } },
  { shapes: { x: [9] }, attributes: { axes: [0] } },
  { shapes: { x: [2, 3] }, attributes: { axes: [] } },
  { shapes: { x: [] }, attributes: { axes: [] } },
  { shapes: { x: [2, 0, 3] }, attributes: { axes: [1] } },
];

testOp(reduce, {
  cases: (["max", "min", "prod"] as const).flatMap((fn) => shapes.map(({ shapes, attributes }) => ({ shapes, attributes: { ...attributes, fn } }))),
  reference: ({ x }, { fn, axes, keepDims }) => reduceOver(x, axes, keepDims, ...functions[fn]),
});

function reduceOver(x: Tensor64, axes: readonly number[], keepDims: boolean, start: number, join: (a: number, b: number) => number) {
  const reduced = new Set(axes.map((axis) => (axis + x.shape.length) % x.shape.length));
  const kept = x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
  const data = new Float64Array(kept.reduce((product, size) => product * size, 1)).fill(start);
  const terms = data.slice().fill(0);
  positionsOf(x.shape).forEach((position, i) => {
    const at = kept.reduce((offset, size, axis) => offset * size + (reduced.has(axis) ? 0 : position[axis]), 0);
    data[at] = join(data[at], x.data[i]);
    terms[at]++;
  });
  // A product of n factors is rounded n - 1 times.
  return { shape: keepDims ? kept : kept.filter((_, axis) => !reduced.has(axis)), data, magnitude: data.map(Math.abs), terms: Math.max(1, terms[0]) };
}

describe("reduce", () => {
  const slopesOf = async (fn: "max" | "prod", values: number[], build: "simd" | "relaxed") => {
    const graph = new Graph();
    const [x, dy] = [graph.input("x", [values.length]), graph.input("dy", [])];
    const y = reduce({ x }, { fn, axes: [0] });
    const dx = reduce.gradient!.x({ ...y.node!.tensors, dy }, y.node!.attributes as typeof reduce.attributes, 0);
    const feeds = new Map([
      [x, Float32Array.from(values)],
      [dy, Float32Array.of(6)],
    ]);
    return (await runGraph(graph, feeds, [dx], { build })).map((data) => [...data])[0];
  };

  it.each(builds)("%s: equal maxima share the gradient; products take zeros", async (build) => {
    expect(await slopesOf("max", [1, 3, 3, 2, 3], build)).toEqual([0, 2, 2, 0, 2]);
    expect(await slopesOf("prod", [2, 0, 4], build)).toEqual([0, 48, 0]);
    expect(await slopesOf("prod", [2, 0, 0], build)).toEqual([0, 0, 0]);
  });

  it.each(builds)("%s: NaN anywhere wins", async (build) => {
    for (const fn of ["max", "min", "prod"] as const) {
      for (let at = 0; at < 7; at++) {
        const graph = new Graph();
        const [line, rows] = [graph.input("line", [7]), graph.input("rows", [7, 5])];
        const numbers = Float32Array.from({ length: 7 }, (_, i) => (i === at ? NaN : i));
        const spread = Float32Array.from({ length: 35 }, (_, i) => (Math.floor(i / 5) === at && i % 5 === 4 ? NaN : i));
        const feeds = new Map([
          [line, numbers],
          [rows, spread],
        ]);
        const [one, five] = await runGraph(graph, feeds, [reduce({ x: line }, { fn, axes: [0] }), reduce({ x: rows }, { fn, axes: [0] })], { build });
        expect(one[0]).toBeNaN();
        expect([...five].map(Number.isNaN)).toEqual([false, false, false, false, true]);
      }
    }
  });

  it("names what does not fit", () => {
    const x = new Graph().input("x", [2, 3]);
    expect(() => reduce({ x }, { axes: [2] })).toThrow("reduce: expected axes from -2 to 1, got 2 (x [2,3])");
    expect(() => reduce({ x }, { fn: "median" as "max" })).toThrow('reduce: there is no function "median"');
  });
});
