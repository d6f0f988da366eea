/** Quantised operators, exact: integers are integers, and rounding is to nearest with ties to even. */
import { sizeOf } from "../../../core/shape.js";
import { roomFor } from "../effort.js";
import { type Constant, constant, type ElementType } from "../constant.js";
import type { Call, Evaluate } from "../operator.js";
import { zip } from "./arrays.js";
import { roundEven } from "./elementwise.js";
import { convolved, multiplied } from "./network.js";

const ranges: Partial<Record<ElementType, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127], uint16: [0, 65535], int16: [-32768, 32767] };

/** Scales or zero points of one axis, as a tensor that stretches over x; in blocks along that axis where x has more of them. */
function along(values: Constant, x: Constant, axis: number): Constant {
  if (values.data.length === 1) return { ...values, shape: [] };
  if (values.shape.length > 1) {
    const block = Math.ceil(x.shape[axis] / values.shape[axis]);
    const shape = values.shape.with(axis, x.shape[axis]);
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const data = Float64Array.from(roomFor(sizeOf(shape)), (_, at) => {
      const [row, column] = [Math.floor(at / inner), at % inner];
      const [outer, i] = [Math.floor(row / shape[axis]), row % shape[axis]];
      return values.data[(outer * values.shape[axis] + Math.floor(i / block)) * inner + column];
    });
    return constant(values.type, shape, data);
  }
  return { ...values, shape: [values.data.length, ...new Array<number>(x.shape.length - axis - 1).fill(1)] };
}

const zero = (type: ElementType): Constant => constant(type, [], [0]);

function quantized(call: Call, x: Constant, scale: Constant, point: Constant, axis: number): Constant {
  const [low, high] = ranges[point.type] ?? call.unsupported(`quantised type ${point.type}`);
  const f = (value: number, s: number, z: number) => Math.min(Math.max(roundEven(Math.fround(value / s)) + z, low), high);
  return zip([x, along(scale, x, axis), along(point, x, axis)], f, call.where, point.type);
}

const axisOf = (call: Call) =>
  call.input(0).shape.length === 0 ? 0 : call.axis(call.input(1).data.length === 1 ? 0 : call.int("axis", 1), call.input(0).shape.length);

/** x without its zero point, as exact integers. */
const centred = (call: Call, x: Constant, point: Constant | undefined, axis: number): Constant =>
  point ? zip([x, along(point, x, axis)], (value, z) => value - z, call.where, "float64") : constant("float64", x.shape, x.data);

/** Accumulated integers times scales, to the output's scale and zero point. */
function requantized(call: Call, sums: Constant, scale: Constant, outScale: Constant, point: Constant, axis: number): Constant {
  const [low, high] = ranges[point.type] ?? call.unsupported(`quantised type ${point.type}`);
  const z = point.data[0];
  return zip([sums, along(scale, sums, axis)], (sum, s) => Math.min(Math.max(roundEven(sum * (s / outScale.data[0])) + z, low), high), call.where, point.type);
}

const scaled = (a: Constant, b: Constant): Constant =>
  constant(
    "float64",
    b.shape,
    Float64Array.from(b.data, (value) => value * a.data[0]),
  );

const dynamicQuantize: Evaluate = (call) => {
  const x = call.input(0);
  const low = Math.min(0, ...x.data);
  const high = Math.max(0, ...x.data);
  const scale = Math.fround((high - low) / 255);
  const point = scale === 0 ? 0 : Math.min(Math.max(roundEven(Math.fround(-low / scale)), 0), 255);
  const [s, z] = [constant("float32", [], [scale]), constant("uint8", [], [point])];
  return [scale === 0 ? constant("uint8", x.shape, roomFor(x.data.length)) : quantized(call, x, s, z, 0), s, z];
};

export const quantizedOperators: Readonly<Record<string, Evaluate>> = {
  QuantizeLinear: (call) => [quantized(call, call.input(0), call.input(1), call.inputs[2] ?? zero(call.type("output_dtype", 2)), axisOf(call))],
  DequantizeLinear: (call) => {
    const [x, scale, point] = [call.input(0), call.input(1), call.inputs[2] ?? zero(call.input(0).type)];
    const axis = axisOf(call);
    return [zip([x, along(scale, x, axis), along(point, x, axis)], (value, s, z) => (value - z) * s, call.where, scale.type)];
  },
  DynamicQuantizeLinear: dynamicQuantize,
  ConvInteger: (call) => {
    const [x, w] = [centred(call, call.input(0), call.inputs[2], 1), centred(call, call.input(1), call.inputs[3], 0)];
    return [convolved(call, x, w, undefined, "int32")];
  },
  MatMulInteger: (call) => {
    const [a, b] = [call.input(0), call.input(1)];
    return [multiplied(call, centred(call, a, call.inputs[2], Math.max(0, a.shape.length - 2)), centred(call, b, call.inputs[3], b.shape.length - 1), "int32")];
  },
  QLinearConv: (call) => {
    const [x, w] = [centred(call, call.input(0), call.input(2), 1), centred(call, call.input(3), call.input(5), 0)];
    const sums = convolved(call, x, w, call.inputs[8], "float64");
    return [requantized(call, sums, scaled(call.input(1), call.input(4)), call.input(6), call.input(7), 1)];
  },
  QLinearMatMul: (call) => {
    const [a, b] = [call.input(0), call.input(3)];
    const sums = multiplied(
      call,
      centred(call, a, call.input(2), Math.max(0, a.shape.length - 2)),
      centred(call, b, call.input(5), b.shape.length - 1),
      "float64",
    );
    return [requantized(call, sums, scaled(call.input(1), call.input(4)), call.input(6), call.input(7), sums.shape.length - 1)];
  },
};
