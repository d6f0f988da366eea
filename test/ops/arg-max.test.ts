import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { argMax } from "../../src/ops/arg-max.js";
import { positionsOf, testOp, elementAt } from "../harness/test-op.js";

const attributes = [false, true].flatMap((last) => [false, true].map((smallest) => ({ last, smallest })));
/** Many equal ones. */
const values = Array.from({ length: 42 }, (_, i) => ((i * 5) % 7) % 3);

testOp(argMax, {
  cases: attributes.flatMap((given) => [
    { shapes: { x: [2, 3, 7] }, attributes: { axis: 1, ...given }, values: { x: values } },
    { shapes: { x: [6, 7] }, attributes: { axis: -1, keepDims: true, ...given }, values: { x: values } },
    { shapes: { x: [5, 2] }, attributes: { axis: 0, ...given }, values: { x: [1, NaN, 3, 2, NaN, 5, NaN, NaN, 0, 0] } },
    { shapes: { x: [3, 0] }, attributes: { axis: 0, ...given } },
  ]),
  reference({ x }, { axis, keepDims, last, smallest }) {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const kept = x.shape.map((size, i) => (i === at ? 1 : size));
    const data = Float64Array.from(positionsOf(kept), (position) => {
      const line = Array.from({ length: x.shape[at] }, (_, i) =>
        elementAt(
          x,
          position.map((p, a) => (a === at ? i : p)),
        ),
      );
      const extreme = (smallest ? Math.min : Math.max)(...line);
      const same = (value: number) => Object.is(value, extreme);
      return last ? line.findLastIndex(same) : line.findIndex(same);
    });
    return { shape: keepDims ? kept : kept.filter((_, i) => i !== at), data };
  },
});

it("argMax names what does not fit", () => {
  const graph = new Graph();
  expect(() => argMax({ x: graph.input("x", [2, 3]) }, { axis: 2 })).toThrow("argMax: expected axes from -2 to 1, got 2 (x [2,3])");
  expect(() => argMax({ x: graph.input("none", [2, 0]) }, { axis: 1 })).toThrow("argMax: axis 1 of x has no elements (x [2,0])");
});
