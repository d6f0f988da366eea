import { expect, it } from "vitest";
import { broadcastShapes, type Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { expand } from "../../src/ops/expand.js";
import { testOp } from "../harness/test-op.js";
import { broadcastMap } from "./broadcast-reference.js";

testOp(expand, {
  cases: [
    { shapes: { x: [3, 1] }, attributes: { shape: [2, 3, 5] } },
    { shapes: { x: [2, 1, 8] }, attributes: { shape: [1, 4, 1] } },
    { shapes: { x: [] }, attributes: { shape: [3, 3] } },
    { shapes: { x: [5] }, attributes: { shape: [] } },
    { shapes: { x: [1, 2, 1, 2, 1, 2, 1, 2] }, attributes: { shape: [2, 2, 3, 2, 2, 2, 2, 2] } },
    { shapes: { x: [1, 3] }, attributes: { shape: [0, 3] } },
  ],
  reference: ({ x }, { shape }) => broadcastMap([x], broadcastShapes(x.shape, shape) as Shape, ([value]) => value),
});

it("expand names what does not fit", () => {
  expect(() => expand({ x: new Graph().input("x", [2, 3]) }, { shape: [2, 2] })).toThrow("expand: cannot broadcast to [2,2] (x [2,3])");
});
