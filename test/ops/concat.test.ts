import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { concat } from "../../src/ops/concat.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(concat, {
  inputs: {
    x0: [
      [2, 3, 3, 5],
      [2, 4, 8],
      [1, 3],
    ],
    x1: [
      [2, 3, 3, 2],
      [2, 4, 4],
      [1, 3],
    ],
    x2: [
      [2, 3, 3, 1],
      [2, 4, 16],
      [1, 3],
    ],
  },
  attributes: [{ axis: -1 }],
  cases: [
    { shapes: { x0: [2, 3, 5], x1: [4, 3, 5] }, attributes: { axis: 0 } },
    { shapes: { x0: [2, 3, 5], x1: [2, 0, 5], x2: [2, 1, 5] }, attributes: { axis: 1 } },
    { shapes: { x0: [7] }, attributes: { axis: 0 } },
  ],
  reference(tensors, attributes) {
    const parts = Object.values(tensors);
    const axis = (attributes.axis + parts[0].shape.length) % parts[0].shape.length;
    const shape = parts[0].shape.map((size, i) => (i === axis ? parts.reduce((sum, part) => sum + part.shape[axis], 0) : size));
    const data = Float64Array.from(positionsOf(shape), (position) => {
      let at = position[axis];
      const part = parts.find(({ shape }) => (at < shape[axis] ? true : ((at -= shape[axis]), false))) as (typeof parts)[number];
      return elementAt(part, position.with(axis, at));
    });
    return { shape, data };
  },
});

describe("concat errors", () => {
  it("names the input that differs", () => {
    const graph = new Graph();
    const inputs = [graph.input("a", [2, 3]), graph.input("b", [2, 4]), graph.input("c", [3, 4])];
    expect(() => concat(inputs, { axis: 1 })).toThrow("concat: x2 differs from x0 outside axis 1 (x0 [2,3], x1 [2,4], x2 [3,4])");
    expect(() => concat(inputs, { axis: 2 })).toThrow("expected an axis from -2 to 1, got 2");
  });
});
