/** Ops that work on each element: they keep the order of axes that their operand has. */
import type { Value } from "../../../graph/graph.js";
import { integers } from "../constant.js";
import { type GraphWriter, inOrder, type WriteNode } from "./graph-writer.js";
import type { AttributeValue } from "../read-model.js";
import { clamp } from "./layers.js";

/** One ONNX operator, with attributes made of ours. */
const unary =
  (op: string, attributes: (given: Record<string, number>) => Record<string, AttributeValue> = () => ({})): WriteNode =>
  (write, { tensors: { x }, attributes: given }) => {
    const { name, order } = write.get(x);
    write.result(op, [name], attributes(given as Record<string, number>), order);
  };

/** Several operators one after another. */
export const composed =
  (compose: (write: GraphWriter, x: string, attributes: Record<string, number>) => string): WriteNode =>
  (write, { tensors: { x, y }, attributes }) => {
    const { name, order } = write.get(x);
    write.set(y, { name: compose(write, name, attributes as Record<string, number>), order });
  };

/** The name of an operand that broadcasts against one of `rank` axes in `order`: its axes in that order, with 1 for those it lacks. */
export function stretchable(write: GraphWriter, value: Value, order: readonly number[]): string {
  const missing = order.length - value.shape.length;
  if (missing === 0) return write.name(value, order);
  if (value.shape.every((size) => size === 1)) return write.name(value);
  const sizes = write.sizes(value);
  const axes = order.map((axis) => axis - missing);
  const own = axes.filter((axis) => axis >= 0);
  if (sizes.some((size) => size === undefined)) write.unsupported("an operand of fewer axes follows the batch");
  return write.add("Reshape", [write.name(value, own), write.literal(integers(axes.map((axis) => (axis < 0 ? 1 : value.shape[axis]))))]);
}

/** NumPy's broadcasting of two operands, in the order of the one with more axes, and of the one that was computed where both have as many. */
export const binary =
  (join: (write: GraphWriter, a: string, b: string) => string): WriteNode =>
  (write, { tensors: { a, b, y } }) => {
    const [leading] = [a, b].sort((p, q) => q.shape.length - p.shape.length || Number(q.kind === "node") - Number(p.kind === "node"));
    const { order } = leading.shape.length === y.shape.length ? write.get(leading) : { order: inOrder(y.shape.length) };
    write.set(y, { name: join(write, stretchable(write, a, order), stretchable(write, b, order)), order });
  };

export const elementwise: Record<string, WriteNode> = {
  add: binary((write, a, b) => write.add("Add", [a, b])),
  mul: binary((write, a, b) => write.add("Mul", [a, b])),
  relu: unary("Relu"),
  sigmoid: unary("Sigmoid"),
  tanh: unary("Tanh"),
  hardSwish: unary("HardSwish"),
  hardSigmoid: unary("HardSigmoid", () => ({ alpha: 1 / 6, beta: 0.5 })),
  leakyRelu: unary("LeakyRelu", ({ slope }) => ({ alpha: slope })),
  clip: composed((write, x, bounds) => clamp(write, x, bounds)),
  silu: composed((write, x) => write.add("Mul", [x, write.add("Sigmoid", [x])])),
  gelu: composed((write, x) => {
    const phi = write.add("Add", [write.add("Erf", [write.add("Mul", [x, write.scalar(Math.SQRT1_2)])]), write.scalar(1)]);
    return write.add("Mul", [write.add("Mul", [x, phi]), write.scalar(0.5)]);
  }),
};
