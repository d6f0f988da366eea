import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { topK } from "../../src/ops/top-k.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

const ties = Array.from({ length: 60 }, (_, i) => ((i * 7) % 11) % 4);
const special = [0, NaN, -1, -0, Infinity, NaN, -Infinity, 1e-40, 3];

testOp(topK, {
  cases: [false, true].flatMap((smallest) => [
    { shapes: { x: [2, 37] }, attributes: { k: 5, smallest } },
    { shapes: { x: [3, 20] }, attributes: { k: 20, smallest }, values: { x: ties } },
    { shapes: { x: [3, 5, 4] }, attributes: { axis: 1, k: 2, smallest }, values: { x: ties } },
    { shapes: { x: [9, 1] }, attributes: { axis: 0, k: 9, smallest }, values: { x: special } },
    { shapes: { x: [4, 3] }, attributes: { k: 0, smallest } },
  ]),
  reference({ x }, { axis, k, smallest }) {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const shape = x.shape.map((size, i) => (i === at ? k : size));
    const rank = (value: number) => (Number.isNaN(value) ? Infinity : Math.max(-1e39, Math.min(1e39, value)));
    const chosen = positionsOf(shape).map((position) => {
      const value = (i: number) =>
        elementAt(
          x,
          position.map((p, a) => (a === at ? i : p)),
        );
      const order = Array.from({ length: x.shape[at] }, (_, i) => i);
      order.sort((a, b) => (rank(value(a)) === rank(value(b)) ? a - b : rank(value(a)) < rank(value(b)) === smallest ? -1 : 1));
      return { place: order[position[at]], value: value(order[position[at]]) };
    });
    return {
      values: { shape, data: Float64Array.from(chosen, ({ value }) => value) },
      indices: { shape, data: Float64Array.from(chosen, ({ place }) => place) },
    };
  },
});

it("topK names what does not fit", () => {
  expect(() => topK({ x: new Graph().input("x", [2, 3]) }, { k: 4 })).toThrow("topK: expected k from 0 to 3, got 4 (x [2,3])");
});
