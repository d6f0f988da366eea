/** Reductions, and operators that look along one axis. */
import { roomFor } from "../effort.js";
import { sizeOf } from "../../../core/shape.js";
import { exp, log, pow } from "../../../core/math.js";
import { type Constant, constant, isFloat } from "../constant.js";
import type { Call, Evaluate } from "../operator.js";
import { map, reduce, walk } from "./arrays.js";
import { numbers } from "./shapes.js";

type Line = (line: Float64Array) => number;

const sum: Line = (line) => line.reduce((a, b) => a + b, 0);
const largest: Line = (line) => line.reduce((a, b) => Math.max(a, b), -Infinity);
const smallest: Line = (line) => line.reduce((a, b) => Math.min(a, b), Infinity);
const squares: Line = (line) => line.reduce((a, b) => a + b * b, 0);
const logSumExp: Line = (line) => {
  const top = largest(line);
  return Number.isFinite(top) ? top + log(line.reduce((a, b) => a + exp(b - top), 0)) : top;
};

/** Axes of a reduction: an attribute until opset 12 (sum) or 17 (others), then an input; none means all, or nothing with `noop_with_empty_axes`. */
export function reducedAxes(call: Call<{ readonly shape: readonly number[] }>, rank: number, given: readonly number[] | undefined): number[] {
  if (given && given.length > 0) return call.axes(given, rank);
  return call.int("noop_with_empty_axes", 0) ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const reduction =
  (f: Line): Evaluate =>
  (call) => {
    const x = call.input(0);
    const whole = !isFloat(x.type);
    return [reduce(x, reducedAxes(call, x.shape.length, numbers(call, 1, "axes")), call.int("keepdims", 1) !== 0, whole ? (line) => Math.trunc(f(line)) : f)];
  };

const place =
  (better: (a: number, b: number) => boolean): Evaluate =>
  (call) => {
    const x = call.input(0);
    const axis = call.axis(call.int("axis", 0), x.shape.length);
    const last = call.int("select_last_index", 0) !== 0;
    const find: Line = (line) => line.reduce((best, value, i) => (i > 0 && (better(value, line[best]) || (last && value === line[best])) ? i : best), 0);
    return [reduce(x, [axis], call.int("keepdims", 1) !== 0, find, "int64")];
  };

/** Each line of `x` along `axis` goes through `f`, which changes it in place. */
export function alongAxis(x: Constant, axis: number, f: (line: Float64Array) => void): Constant {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const size = x.shape[axis];
  const out = Float64Array.from(x.data);
  const line = roomFor(size);
  const outer = size === 0 ? 0 : out.length / (size * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * size * inner + i;
      for (let k = 0; k < size; k++) line[k] = out[start + k * inner];
      f(line);
      for (let k = 0; k < size; k++) out[start + k * inner] = line[k];
    }
  }
  return constant(x.type, x.shape, out);
}

/** Softmax along one axis from opset 13 on; before, over all axes from `axis` on, taken as one. */
const softmax =
  (logarithm: boolean): Evaluate =>
  (call) => {
    const x = call.input(0);
    const axis = call.axis(call.int("axis", call.opset < 13 ? 1 : -1), x.shape.length);
    const normalise = (line: Float64Array) => {
      const total = logSumExp(line);
      line.forEach((value, i) => {
        line[i] = logarithm ? value - total : exp(value - total);
      });
    };
    if (call.opset >= 13) return [alongAxis(x, axis, normalise)];
    const flat = { ...x, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] };
    return [{ ...alongAxis(flat, 1, normalise), shape: x.shape }];
  };

const topK: Evaluate = (call) => {
  const x = call.input(0);
  const axis = call.axis(call.int("axis", -1), x.shape.length);
  const count = call.inputs[1]?.data[0] ?? call.int("k");
  if (!(Number.isInteger(count) && count >= 0 && count <= x.shape[axis])) call.misfit(`k is ${count}`);
  const sign = call.int("largest", 1) ? 1 : -1;
  const shape = x.shape.with(axis, count);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const [values, indices] = [roomFor(sizeOf(shape)), roomFor(sizeOf(shape))];
  const outer = sizeOf(x.shape.slice(0, axis));
  walk(
    [outer, inner],
    [
      [x.shape[axis] * inner, 1],
      [count * inner, 1],
    ],
    [0, 0],
    (_, [from, to]) => {
      const order = Array.from({ length: x.shape[axis] }, (_, k) => k);
      order.sort((a, b) => sign * (x.data[from + b * inner] - x.data[from + a * inner]) || a - b);
      for (let k = 0; k < count; k++) {
        values[to + k * inner] = x.data[from + order[k] * inner];
        indices[to + k * inner] = order[k];
      }
    },
  );
  return [constant(x.type, shape, values), constant("int64", shape, indices)];
};

const norm: Evaluate = (call) => {
  const x = call.input(0);
  const axis = call.axis(call.int("axis", -1), x.shape.length);
  const p = call.int("p", 2);
  return [
    alongAxis(x, axis, (line) => {
      const length = p === 1 ? line.reduce((a, b) => a + Math.abs(b), 0) : Math.sqrt(squares(line));
      line.forEach((value, i) => {
        line[i] = length === 0 ? 0 : value / length;
      });
    }),
  ];
};

const cumulative: Evaluate = (call) => {
  const x = call.input(0);
  const axis = call.axis(call.input(1).data[0], x.shape.length);
  const [exclusive, reverse] = [call.int("exclusive", 0), call.int("reverse", 0)];
  return [
    alongAxis(x, axis, (line) => {
      let total = 0;
      for (let i = 0; i < line.length; i++) {
        const k = reverse ? line.length - 1 - i : i;
        const value = line[k];
        line[k] = exclusive ? total : total + value;
        total += value;
      }
    }),
  ];
};

export const reductions: Readonly<Record<string, Evaluate>> = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction((line) => sum(line) / line.length),
  ReduceMax: reduction(largest),
  ReduceMin: reduction(smallest),
  ReduceProd: reduction((line) => line.reduce((a, b) => a * b, 1)),
  ReduceL1: reduction((line) => line.reduce((a, b) => a + Math.abs(b), 0)),
  ReduceL2: reduction((line) => Math.sqrt(squares(line))),
  ReduceSumSquare: reduction(squares),
  ReduceLogSum: reduction((line) => log(sum(line))),
  ReduceLogSumExp: reduction(logSumExp),
  ArgMax: place((a, b) => a > b),
  ArgMin: place((a, b) => a < b),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  TopK: topK,
  LpNormalization: norm,
  CumSum: cumulative,
  GlobalAveragePool: (call) => [reduce(call.input(0), spatial(call), true, (line) => sum(line) / line.length)],
  GlobalMaxPool: (call) => [reduce(call.input(0), spatial(call), true, largest)],
  GlobalLpPool: (call) => {
    const p = call.int("p", 2);
    return [
      reduce(map(call.input(0), Math.abs), spatial(call), true, (line) =>
        pow(
          line.reduce((a, b) => a + pow(b, p), 0),
          1 / p,
        ),
      ),
    ];
  },
};

/** Axes behind batch and channels. */
const spatial = (call: Call): number[] =>
  call
    .input(0)
    .shape.slice(2)
    .map((_, i) => i + 2);
