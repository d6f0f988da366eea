import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { tile } from "../../src/ops/tile.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(tile, {
  cases: [
    { shapes: { x: [2, 3, 5] }, attributes: { repeats: [3, 1, 2] } },
    { shapes: { x: [8] }, attributes: { repeats: [4] } },
    { shapes: { x: [2, 1, 2, 2] }, attributes: { repeats: [2, 3, 2, 2] } },
    { shapes: { x: [2, 3] }, attributes: { repeats: [0, 2] } },
    { shapes: { x: [] }, attributes: { repeats: [] } },
  ],
  reference({ x }, { repeats }) {
    const shape = x.shape.map((size, axis) => size * repeats[axis]);
    return {
      shape,
      data: Float64Array.from(positionsOf(shape), (position) =>
        elementAt(
          x,
          position.map((p, axis) => p % x.shape[axis]),
        ),
      ),
    };
  },
});

it("tile names what does not fit", () => {
  expect(() => tile({ x: new Graph().input("x", [2, 3]) }, { repeats: [2] })).toThrow("tile: expected 2 counts of 0 or more, got [2] (x [2,3])");
});
