import { broadcastShapes, type Shape } from "../../src/core/shape.js";
import { add } from "../../src/ops/add.js";
import { elementAt, positionsOf, testOp, type Tensor64 } from "../harness/test-op.js";

testOp(add, {
  inputs: {
    a: [[2, 5, 7, 3], [0, 4], [2, 3, 4, 5], [2, 3, 4, 8], [3, 1, 1, 6], [2, 3, 4, 5], [4, 5, 1], [7], [], [2, 1, 3, 1, 2], [1, 4, 1, 3, 1, 5]],
    b: [[2, 5, 7, 3], [0, 4], [5], [2, 1, 1, 8], [3, 4, 5, 6], [2, 3, 4, 1], [1, 5, 6], [1], [3, 2], [4, 1, 2, 1], [2, 1, 3, 3, 2, 1]],
  },
  reference({ a, b }) {
    const shape = broadcastShapes(a.shape, b.shape) as Shape;
    const data = Float64Array.from(positionsOf(shape), (position) => at(a, position) + at(b, position));
    return { shape, data };
  },
  elementwise: true,
});

function at(tensor: Tensor64, position: readonly number[]): number {
  const own = position.slice(position.length - tensor.shape.length);
  return elementAt(
    tensor,
    own.map((i, axis) => (tensor.shape[axis] === 1 ? 0 : i)),
  );
}
