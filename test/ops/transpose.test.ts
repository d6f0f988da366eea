import { transpose } from "../../src/ops/transpose.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(transpose, {
  cases: [
    { shapes: { x: [2, 5, 7, 9] }, attributes: { order: [0, 3, 1, 2] } },
    { shapes: { x: [2, 6, 5, 3] }, attributes: { order: [0, 2, 3, 1] } },
    { shapes: { x: [8, 12] }, attributes: { order: [1, 0] } },
    { shapes: { x: [3, 3, 5, 6] }, attributes: { order: [3, 2, 0, 1] } },
    { shapes: { x: [2, 3, 4, 5] }, attributes: { order: [0, 2, 1, 3] } },
    { shapes: { x: [2, 3, 2, 3, 2, 3] }, attributes: { order: [5, 3, 1, 0, 2, 4] } },
    { shapes: { x: [2, 3, 2, 2, 2, 2, 3, 2] }, attributes: { order: [7, 5, 3, 1, 6, 4, 2, 0] } },
    { shapes: { x: [3, 4] }, attributes: { order: [0, 1] } },
    { shapes: { x: [0, 4] }, attributes: { order: [1, 0] } },
    { shapes: { x: [1, 1, 6] }, attributes: { order: [2, 0, 1] } },
  ],
  reference({ x }, { order }) {
    const shape = order.map((axis) => x.shape[axis]);
    return {
      shape,
      data: Float64Array.from(positionsOf(shape), (position) =>
        elementAt(
          x,
          x.shape.map((_, axis) => position[order.indexOf(axis)]),
        ),
      ),
    };
  },
});
