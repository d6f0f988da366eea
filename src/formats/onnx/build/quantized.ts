/** Quantised operators in float32: whole numbers up to 2^24 are exact, and rounding is to nearest with ties to even. */
import { sizeOf } from "../../../core/shape.js";
import { add } from "../../../ops/add.js";
import { clip } from "../../../ops/clip.js";
import { combine } from "../../../ops/combine.js";
import { map } from "../../../ops/map.js";
import { mul } from "../../../ops/mul.js";
import { reduce } from "../../../ops/reduce.js";
import { select } from "../../../ops/select.js";
import type { Value } from "../../../graph/graph.js";
import type { ElementType } from "../constant.js";
import { elementwise } from "./aligned.js";
import type { Build, NodeCall } from "./call.js";
import { convolved } from "./convolution.js";
import { expanded } from "./gather.js";
import { scalar } from "./elementwise.js";
import { multiplied } from "./product.js";
import { type Computed, computed, reshaped, type Tensor, viewed } from "./tensor.js";

const ranges: Partial<Record<ElementType, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127], uint16: [0, 65535], int16: [-32768, 32767] };

/** Scales or zero points of one axis (or of blocks along it) as a tensor that stretches over x. */
function along(call: NodeCall, values: Tensor, x: Tensor, axis: number): Tensor {
  if (sizeOf(values.shape) === 1) return reshaped(values, []);
  const rank = x.shape.length;
  if (values.shape.length === 1) return reshaped(values, [values.shape[0], ...new Array<number>(rank - axis - 1).fill(1)]);
  const count = values.shape[axis];
  const block = Math.ceil(x.shape[axis] / count);
  if (block * count !== x.shape[axis]) call.unsupported(`${count} blocks along an axis of ${x.shape[axis]}`);
  const repeated = expanded(call, reshaped(values, values.shape.toSpliced(axis + 1, 0, 1)), values.shape.toSpliced(axis + 1, 0, block));
  return reshaped(repeated, x.shape);
}

const axisOf = (call: NodeCall) => {
  const [x, scale] = [call.input(0), call.input(1)];
  return sizeOf(scale.shape) === 1 || x.shape.length === 0 ? 0 : call.axis(call.int("axis", 1), x.shape.length);
};

/** Rounded to whole numbers, moved to the zero point and clamped to its type. */
function rounded(call: NodeCall, x: Value, zero: Value | undefined, type: ElementType): Value {
  const [low, high] = ranges[type] ?? call.unsupported(`quantised type ${type}`);
  const whole = map({ x }, { fn: "round" });
  return clip({ x: zero ? add({ a: whole, b: zero }) : whole }, { low, high });
}

const quantizeLinear: Build = (call) => {
  const [x, scale, point] = [call.input(0), call.input(1), call.inputs[2]];
  const axis = axisOf(call);
  const type = point?.type ?? (call.has("output_dtype") ? call.type("output_dtype") : "uint8");
  const tensors = [x, along(call, scale, x, axis), ...(point ? [along(call, point, x, axis)] : [])];
  return elementwise(call, tensors, (value, s, z) => rounded(call, combine({ a: value, b: s }, { fn: "div" }), z, type), type);
};

/** x without its zero point. */
function centred(call: NodeCall, x: Tensor, point: Tensor | undefined, axis: number): Tensor {
  if (!point) return x;
  return elementwise(call, [x, along(call, point, x, axis)], (value, zero) => combine({ a: value, b: zero }, { fn: "sub" }));
}

const dequantizeLinear: Build = (call) => {
  const [x, scale, point] = [call.input(0), call.input(1), call.inputs[2]];
  const axis = axisOf(call);
  return elementwise(call, [centred(call, x, point, axis), along(call, scale, x, axis)], (value, s) => mul({ a: value, b: s }), scale.type);
};

/** To uint8 by the range of x and 0: y, its scale and its zero point. */
const dynamicQuantizeLinear: Build = (call) => {
  const x = call.computed(call.input(0));
  const axes = [...x.value.shape.keys()];
  const low = clip({ x: reduce({ x: x.value }, { fn: "min", axes }) }, { high: 0 });
  const high = clip({ x: reduce({ x: x.value }, { fn: "max", axes }) }, { low: 0 });
  const scale = combine({ a: combine({ a: high, b: low }, { fn: "sub" }), b: scalar(low, 255) }, { fn: "div" });
  // Where all is 0 the scale is 0, and so is everything else.
  const by = (value: Value) => select({ condition: scale, a: combine({ a: value, b: scale }, { fn: "div" }), b: scalar(low, 0) });
  const zero = rounded(call, by(map({ x: low }, { fn: "neg" })), undefined, "uint8");
  const single = (value: Value, type: ElementType) => computed(viewed(value, []), [], [], type);
  return [{ ...x, value: rounded(call, by(x.value), zero, "uint8"), type: "uint8" }, single(scale, "float32"), single(zero, "uint8")];
};

/** Sums times sx sw / sy, at y's zero point. */
function requantized(call: NodeCall, sums: Computed, [sx, sw, sy]: readonly Tensor[], point: Tensor, axis: number): Computed {
  const tensors = [sums, sx, along(call, sw, sums, axis), sy, point].map((tensor) => (sizeOf(tensor.shape) === 1 ? reshaped(tensor, []) : tensor));
  const scaled = (sum: Value, x: Value, w: Value, y: Value) => mul({ a: sum, b: combine({ a: mul({ a: w, b: x }), b: y }, { fn: "div" }) });
  return elementwise(call, tensors, (sum, x, w, y, zero) => rounded(call, scaled(sum, x, w, y), zero, point.type), point.type);
}

/** Rows of the left and columns of the right operand may have scales and zero points of their own. */
const rowsOf = ({ shape }: Tensor) => Math.max(0, shape.length - 2);
const columnsOf = ({ shape }: Tensor) => Math.max(0, shape.length - 1);

export const quantizedOperators: Readonly<Record<string, Build>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  ConvInteger: (call) => {
    const [x, weight] = [centred(call, call.input(0), call.inputs[2], 1), centred(call, call.input(1), call.inputs[3], 0)];
    return { ...convolved(call, x, weight, undefined), type: "int32" };
  },
  MatMulInteger: (call) => {
    const [a, b] = [call.input(0), call.input(1)];
    return { ...multiplied(call, centred(call, a, call.inputs[2], rowsOf(a)), centred(call, b, call.inputs[3], columnsOf(b))), type: "int32" };
  },
  QLinearConv: (call) => {
    const [x, weight] = [centred(call, call.input(0), call.input(2), 1), centred(call, call.input(3), call.input(5), 0)];
    const sums = convolved(call, x, weight, call.inputs[8]);
    return requantized(call, sums, [call.input(1), call.input(4), call.input(6)], call.input(7), 1);
  },
  QLinearMatMul: (call) => {
    const [a, b] = [call.input(0), call.input(3)];
    const sums = multiplied(call, centred(call, a, call.input(2), rowsOf(a)), centred(call, b, call.input(5), columnsOf(b)));
    return requantized(call, sums, [call.input(1), call.input(4), call.input(6)], call.input(7), columnsOf(sums));
  },
};
