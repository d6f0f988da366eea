import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { gather } from "../../src/ops/gather.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(gather, {
  cases: [
    { shapes: { x: [5, 3], indices: [4] }, values: { indices: [4, 0, 4, 1] } },
    { shapes: { x: [2, 5, 70], indices: [2, 2] }, attributes: { axis: 1 }, values: { indices: [-1, 2, 0, -5] } },
    { shapes: { x: [2, 3, 6], indices: [] }, attributes: { axis: -1 }, values: { indices: [3] } },
    { shapes: { x: [3, 5], indices: [7] }, attributes: { axis: 1 }, values: { indices: [9, -9, NaN, Infinity, -Infinity, 1e20, 2] } },
    { shapes: { x: [3, 5], indices: [0] }, attributes: { axis: 1 }, values: { indices: [] } },
    { shapes: { x: [0, 2], indices: [2] }, attributes: { axis: 1 }, values: { indices: [1, 1] } },
  ],
  reference({ x, indices }, { axis }) {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const last = x.shape[at] - 1;
    const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
    const data = Float64Array.from(positionsOf(shape), (position) => {
      const index = elementAt(indices, position.slice(at, at + indices.shape.length));
      const place = Math.max(0, Math.min(last, index < 0 ? index + last + 1 : index)) || 0;
      return elementAt(x, [...position.slice(0, at), place, ...position.slice(at + indices.shape.length)]);
    });
    return { shape, data };
  },
});

it("gather names what does not fit", () => {
  const graph = new Graph();
  const [x, none, indices] = [graph.input("x", [2, 3]), graph.input("none", [0]), graph.input("indices", [1])];
  expect(() => gather({ x, indices }, { axis: 2 })).toThrow("gather: expected an axis from -2 to 1, got 2 (x [2,3], indices [1])");
  expect(() => gather({ x: none, indices })).toThrow("gather: axis 0 of x has no elements (x [0], indices [1])");
});
