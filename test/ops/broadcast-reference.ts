import type { Shape } from "../../src/core/shape.js";
import { elementAt, positionsOf, type Tensor64 } from "../harness/test-op.js";

/** f of the elements that meet at each position of `shape`, to which all operands broadcast. */
export function broadcastMap(operands: readonly Tensor64[], shape: Shape, f: (values: number[]) => number): Tensor64 {
  const at = (tensor: Tensor64, position: readonly number[]) =>
    elementAt(
      tensor,
      position.slice(position.length - tensor.shape.length).map((i, axis) => (tensor.shape[axis] === 1 ? 0 : i)),
    );
  return { shape, data: Float64Array.from(positionsOf(shape), (position) => f(operands.map((operand) => at(operand, position)))) };
}
