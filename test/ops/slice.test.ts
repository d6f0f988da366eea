import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { slice } from "../../src/ops/slice.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(slice, {
  cases: [
    { shapes: { x: [5, 6, 7] }, attributes: { starts: [1, 0, 2], sizes: [3, 6, 5] } },
    { shapes: { x: [2, 9, 9, 8] }, attributes: { starts: [0, 1, 0, 4], sizes: [2, 4, 3, 4], steps: [1, 2, 3, 1] } },
    { shapes: { x: [4, 7] }, attributes: { starts: [3, 6], sizes: [4, 3], steps: [-1, -3] } },
    { shapes: { x: [40000] }, attributes: { starts: [7], sizes: [39990] } },
    { shapes: { x: [3, 4] }, attributes: { starts: [0, 4], sizes: [3, 0] } },
    { shapes: { x: [2, 3, 2, 3, 2, 3] }, attributes: { starts: [0, 1, 0, 1, 0, 1], sizes: [2, 2, 1, 2, 2, 1] } },
    {
      shapes: { x: [3, 2, 3, 2, 3, 2, 3, 2] },
      attributes: { starts: [1, 0, 0, 0, 1, 0, 0, 0], sizes: [2, 2, 2, 2, 2, 1, 2, 2], steps: [1, 1, 2, 1, 1, 1, 2, 1] },
    },
  ],
  reference: ({ x }, { starts, sizes, steps }) => ({
    shape: sizes,
    data: Float64Array.from(positionsOf(sizes), (position) =>
      elementAt(
        x,
        position.map((i, axis) => starts[axis] + i * (steps[axis] ?? 1)),
      ),
    ),
  }),
});

describe("slice errors", () => {
  const x = new Graph().input("x", [4, 5]);
  it("names the axis and its size", () => {
    expect(() => slice({ x }, { starts: [0, 2], sizes: [4, 4] })).toThrow("slice: axis 1 has 5 elements, the slice goes from 2 to 5 (x [4,5])");
    expect(() => slice({ x }, { starts: [0], sizes: [4, 4] })).toThrow("expected 2 starts and sizes, got [0] and [4,4]");
  });
});
