import { describe, expect, it } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { interpolate, weightedSum } from "../../src/ops/interpolate.js";
import { elementAt, positionsOf, testOp, type Case, type Tensor64 } from "../harness/test-op.js";

interface Resize {
  readonly x: Shape;
  readonly axis: number;
  readonly size: number;
  readonly indices: readonly number[];
  readonly weights?: readonly number[];
}

const third = Math.fround(1 / 3);
const resizes: readonly Resize[] = [
  // Linear, from 4 to 6.
  { x: [2, 3, 4, 5], axis: 2, size: 6, indices: [0, 1, 0, 1, 1, 2, 1, 2, 2, 3, 3, 3], weights: [1, 0, 0.5, 0.5, 0.75, 0.25, 0.125, 0.875, 0.5, 0.5, 1, 0] },
  { x: [5, 3], axis: 0, size: 3, indices: [4, 0, 0] },
  { x: [4, 7], axis: -1, size: 3, indices: [0, 1, 2, 2, 3, 4, 4, 5, 6], weights: [0.25, 0.5, 0.25, -0.125, 1.25, -0.125, third, third, third] },
  { x: [2, 3, 20], axis: 1, size: 2, indices: [1, 2], weights: [0, 2] },
  { x: [2, 3], axis: 1, size: 0, indices: [] },
  { x: [0, 3], axis: 1, size: 1, indices: [2] },
];

const cases = resizes.map(({ x, ...options }) => {
  const node = interpolate({ x: new Graph().input("x", x) }, options).node!;
  const { table, turned } = node.tensors;
  const numbers = ({ initializer }: typeof table) => (initializer?.kind === "values" ? initializer.values : []);
  const given: Case<typeof weightedSum.attributes> = {
    shapes: { x, table: table.shape, turned: turned.shape },
    attributes: node.attributes as typeof weightedSum.attributes,
    values: { table: numbers(table), turned: numbers(turned) },
  };
  return { given, reference: (tensor: Tensor64) => resized(tensor, options) };
});

for (const { given, reference } of cases) testOp(weightedSum, { cases: [given], reference: ({ x }) => reference(x) });

function resized(x: Tensor64, { axis, size, indices, weights }: Omit<Resize, "x">) {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const shape = x.shape.map((length, i) => (i === at ? size : length));
  const taps = indices.length / Math.max(1, size);
  const total = (f: (value: number) => number) =>
    Float64Array.from(positionsOf(shape), (position) => {
      const first = position[at] * taps;
      const terms = Array.from({ length: taps }, (_, k) => {
        const from = position.map((p, i) => (i === at ? indices[first + k] : p));
        return f((weights?.[first + k] ?? 1) * elementAt(x, from));
      });
      return terms.reduce((sum, term) => sum + term, 0);
    });
  return { shape, data: total((value) => value), magnitude: total(Math.abs), terms: Math.max(1, taps) };
}

describe("interpolate", () => {
  it("names what does not fit", () => {
    const x = new Graph().input("x", [2, 3]);
    expect(() => interpolate({ x }, { axis: 2, size: 0, indices: [] })).toThrow("interpolate: expected an axis from -2 to 1, got 2 (x [2,3])");
    expect(() => interpolate({ x }, { axis: 1, size: 2, indices: [0, 3] })).toThrow("interpolate: expected indices from 0 to 2, got 3 (x [2,3])");
    expect(() => interpolate({ x }, { axis: 1, size: 2, indices: [0, 1, 2] })).toThrow("expected a whole size and a multiple of it in indices, got 2 and 3");
    expect(() => interpolate({ x }, { axis: 1, size: 1, indices: [0], weights: [1, 2] })).toThrow("expected 1 weights, got 2");
  });
});
