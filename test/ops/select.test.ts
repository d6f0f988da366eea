import { expect, it } from "vitest";
import { broadcastShapes, type Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { select } from "../../src/ops/select.js";
import { testOp } from "../harness/test-op.js";
import { broadcastMap } from "./broadcast-reference.js";

const bits = (count: number) => Array.from({ length: count }, (_, i) => (i * i) % 3);

testOp(select, {
  cases: [
    { shapes: { condition: [2, 3, 5], a: [2, 3, 5], b: [2, 3, 5] }, values: { condition: bits(30) } },
    { shapes: { condition: [3, 1], a: [4], b: [] }, values: { condition: [0, 1, -2] } },
    { shapes: { condition: [1], a: [2, 5], b: [2, 1] }, values: { condition: [NaN] } },
    { shapes: { condition: [7], a: [1], b: [3, 1] }, values: { condition: bits(7) } },
    { shapes: { condition: [0, 2], a: [2], b: [1] }, values: { condition: [] } },
  ],
  reference({ condition, a, b }) {
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape) as Shape) as Shape;
    return broadcastMap([condition, a, b], shape, ([c, x, y]) => (c !== 0 ? x : y));
  },
});

it("select names what does not fit", () => {
  const graph = new Graph();
  const [condition, a] = [graph.input("condition", [2]), graph.input("a", [3])];
  expect(() => select({ condition, a, b: a })).toThrow(
    "select: expected shapes that broadcast (equal sizes or 1, from the right) (condition [2], a [3], b [3])",
  );
});
