import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { reshape } from "../../src/ops/reshape.js";
import { testOp } from "../harness/test-op.js";

testOp(reshape, {
  cases: [
    { shapes: { x: [2, 3, 4] }, attributes: { shape: [6, 4] } },
    { shapes: { x: [2, 3, 4] }, attributes: { shape: [2, -1] } },
    { shapes: { x: [1] }, attributes: { shape: [] } },
  ],
  reference: ({ x }, { shape }) => ({ shape: shape.map((size) => (size === -1 ? 12 : size)), data: x.data }),
});

describe("reshape errors", () => {
  it("names sizes that do not fit", () => {
    const x = new Graph().input("x", [2, 3]);
    expect(() => reshape({ x }, { shape: [4, 2] })).toThrow("reshape: cannot give 6 elements the shape [4,2] (x [2,3])");
    expect(() => reshape({ x }, { shape: [-1, 4] })).toThrow("cannot give 6 elements the shape [-1,4]");
    expect(() => reshape({ x }, { shape: [-1, -1] })).toThrow("cannot give");
  });
});
