import { pad } from "../../src/ops/pad.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(pad, {
  cases: [
    { shapes: { x: [2, 3, 5, 3] }, attributes: { before: [0, 1, 2, 0], after: [0, 2, 1, 0] } },
    { shapes: { x: [3, 8] }, attributes: { before: [0, 4], after: [0, 4] } },
    { shapes: { x: [2, 3, 1] }, attributes: { before: [1, 0, 2], after: [0, 0, 3], value: -1.5 } },
    { shapes: { x: [1, 2, 1, 2, 1, 2, 2] }, attributes: { before: [1, 0, 1, 1, 0, 1, 1], after: [0, 1, 0, 0, 1, 1, 1] } },
    { shapes: { x: [0, 2] }, attributes: { before: [1, 1], after: [0, 0], value: 2 } },
  ],
  reference({ x }, { before, after, value }) {
    const shape = x.shape.map((size, axis) => before[axis] + size + after[axis]);
    const data = Float64Array.from(positionsOf(shape), (position) => {
      const own = position.map((i, axis) => i - before[axis]);
      return own.every((i, axis) => i >= 0 && i < x.shape[axis]) ? elementAt(x, own) : value;
    });
    return { shape, data };
  },
});
