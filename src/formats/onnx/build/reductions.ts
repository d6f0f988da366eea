import { type Shape, sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { argMax } from "../../../ops/arg-max.js";
import { clip } from "../../../ops/clip.js";
import { combine } from "../../../ops/combine.js";
import { globalAveragePool } from "../../../ops/global-average-pool.js";
import { logSoftmax } from "../../../ops/log-softmax.js";
import { map } from "../../../ops/map.js";
import { mean } from "../../../ops/mean.js";
import { mul } from "../../../ops/mul.js";
import { reduce } from "../../../ops/reduce.js";
import { softmax } from "../../../ops/softmax.js";
import { sum } from "../../../ops/sum.js";
import { topK } from "../../../ops/top-k.js";
import { reducedAxes } from "../evaluate/reduce.js";
import type { Build, NodeCall } from "./call.js";
import { axisOrder } from "./layout.js";
import { type Computed, computed, inOrder, reshaped, type Tensor, viewed } from "./tensor.js";

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
const total: Reduce = (x, axes) => sum({ x }, { axes });
const extreme =
  (fn: "max" | "min" | "prod"): Reduce =>
  (x, axes) =>
    reduce({ x }, { fn, axes });
const squares: Reduce = (x, axes) => total(mul({ a: x, b: x }), axes);

/** log(sum(exp(x))), the largest number taken off before, where it is one. */
const logSumExp: Reduce = (x, axes) => {
  const top = clip({ x: reduce({ x }, { fn: "max", axes, keepDims: true }) }, { low: -3.4e38, high: 3.4e38 });
  const rest = total(map({ x: combine({ a: x, b: top }, { fn: "sub" }) }, { fn: "exp" }), axes);
  return add({ a: map({ x: rest }, { fn: "log" }), b: viewed(top, rest.shape) });
};

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

const place =
  (smallest: boolean): Build =>
  (call) => {
    const x = call.input(0);
    const axis = call.axis(call.int("axis", 0), x.shape.length);
    const last = call.int("select_last_index", 0) !== 0;
    const y = reduced(call, x, [axis], call.int("keepdims", 1) !== 0, (value, [at]) => argMax({ x: value }, { axis: at, last, smallest }));
    return { ...y, type: "int64" };
  };

/** The largest or smallest, sorted, and their places; of equal ones the first come first. */
const best: Build = (call) => {
  const x = call.input(0);
  const axis = call.axis(call.int("axis", -1), x.shape.length);
  const k = call.number(1, "k") ?? call.fail("k is missing");
  const order = axisOrder(x);
  const { values, indices } = topK.all({ x: call.value(x, order) }, { axis: order.indexOf(axis), k, smallest: call.int("largest", 1) === 0 });
  const shape = x.shape.with(axis, k);
  return [computed(values, shape, order, x.type), computed(indices, shape, order, "int64")];
};

export const reductionOperators: Readonly<Record<string, Build>> = {
  ReduceSum: reduction(total),
  ReduceMean: reduction(average),
  ReduceMax: reduction(extreme("max")),
  ReduceMin: reduction(extreme("min")),
  ReduceProd: reduction(extreme("prod")),
  ReduceSumSquare: reduction(squares),
  ReduceL1: reduction((x, axes) => total(map({ x }, { fn: "abs" }), axes)),
  ReduceL2: reduction((x, axes) => map({ x: squares(x, axes) }, { fn: "sqrt" })),
  ReduceLogSum: reduction((x, axes) => map({ x: total(x, axes) }, { fn: "log" })),
  ReduceLogSumExp: reduction(logSumExp),
  Softmax: along((x) => softmax({ x })),
  LogSoftmax: along((x) => logSoftmax({ x })),
  ArgMax: place(false),
  ArgMin: place(true),
  TopK: best,
};
