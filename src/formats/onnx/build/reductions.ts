import { type Shape, sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { globalAveragePool } from "../../../ops/global-average-pool.js";
import { mean } from "../../../ops/mean.js";
import { softmax } from "../../../ops/softmax.js";
import { sum } from "../../../ops/sum.js";
import { reducedAxes } from "../evaluate/reduce.js";
import type { Build, NodeCall } from "./call.js";
import { axisOrder } from "./layout.js";
import { type Computed, computed, inOrder, reshaped, type Tensor } from "./tensor.js";

/** What a reduction makes of a value whose memory has the axes `axes` taken away. */
type Reduce = (x: Value, axes: readonly number[]) => Value;

/** Reduces some axes wherever they lie in memory. */
export function reduced(call: NodeCall, x: Tensor, axes: readonly number[], keepDims: boolean, f: Reduce): Computed {
  const from = call.computed(x);
  const order = axisOrder(from);
  const gone = new Set(axes);
  const value = f(
    inOrder(from, order),
    order.flatMap((axis, i) => (gone.has(axis) ? i : [])),
  );
  const left = x.shape.flatMap((_, axis) => (gone.has(axis) ? [] : axis));
  const rest = computed(
    value,
    left.map((axis) => x.shape[axis]),
    order.filter((axis) => !gone.has(axis)).map((axis) => left.indexOf(axis)),
    x.type,
  );
  return keepDims
    ? (reshaped(
        rest,
        x.shape.map((size, axis) => (gone.has(axis) ? 1 : size)),
      ) as Computed)
    : rest;
}

const reduction =
  (f: Reduce): Build =>
  (call) => {
    const x = call.input(0);
    return reduced(call, x, reducedAxes(call, x.shape.length, call.numbers(1, "axes")), call.int("keepdims", 1) !== 0, f);
  };

/** The mean of images over height and width has a kernel of its own. */
const average: Reduce = (x, axes) => (x.shape.length === 4 && axes.join() === "1,2" && sizeOf(x.shape) > 0 ? globalAveragePool({ x }) : mean({ x }, { axes }));

/** One axis last in memory, the others as they lie. */
const lastInMemory = (x: Tensor, axis: number) => [...axisOrder(x).filter((other) => other !== axis), axis];

/** Along one axis from opset 13 on; before, over all axes from `axis` on, taken as one. */
const along =
  (f: (x: Value) => Value): Build =>
  (call) => {
    const x = call.input(0);
    const axis = call.axis(call.int("axis", call.opset < 13 ? 1 : -1), x.shape.length);
    if (call.opset >= 13 || axis === x.shape.length - 1) {
      const order = lastInMemory(x, axis);
      return computed(f(call.value(x, order)), x.shape, order, x.type);
    }
    const flat: Shape = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))];
    return reshaped(computed(f(call.value(reshaped(x, flat))), flat), x.shape);
  };

export const reductionOperators: Readonly<Record<string, Build>> = {
  ReduceSum: reduction((x, axes) => sum({ x }, { axes })),
  ReduceMean: reduction(average),
  Softmax: along((x) => softmax({ x })),
};
