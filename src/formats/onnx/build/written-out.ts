/** Functions that exporters write out in parts where their opset has none, found in the graph that the parts have become. */
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { combine } from "../../../ops/combine.js";
import { conv2d } from "../../../ops/conv2d.js";
import { dense } from "../../../ops/dense.js";
import { depthwiseConv2d } from "../../../ops/depthwise.js";
import { gelu } from "../../../ops/gelu.js";
import { hardSigmoid } from "../../../ops/hard-sigmoid.js";
import { hardSwish } from "../../../ops/hard-swish.js";
import { layerNorm } from "../../../ops/layer-norm.js";
import { map } from "../../../ops/map.js";
import { mean } from "../../../ops/mean.js";
import { mul } from "../../../ops/mul.js";
import { reshape } from "../../../ops/reshape.js";
import { sigmoid } from "../../../ops/sigmoid.js";
import { silu } from "../../../ops/silu.js";

/** The inputs of the node that made a value, if it is of this op, and of this function of it. */
export function madeBy(value: Value, op: unknown, fn?: string) {
  const node = (value.node?.op as unknown) === reshape && op !== reshape ? value.node?.tensors.x.node : value.node;
  return node && (node.op as unknown) === op && (fn === undefined || node.attributes.fn === fn) ? node.tensors : undefined;
}

/** Either order of a pair. */
export const either = <T>(a: Value, b: Value, f: (a: Value, b: Value) => T | undefined): T | undefined => f(a, b) ?? f(b, a);

/** The number that a constant of one element is. */
export const numberOf = ({ initializer }: Value) => (initializer?.kind === "values" && initializer.values.length === 1 ? initializer.values[0] : undefined);
const isNumber = (value: Value, number: number) => Math.abs((numberOf(value) ?? Number.NaN) - number) < 1e-6;

/** Whether `numbers` are kept, one for each channel of y. */
const perChannel = (numbers: Value, y: Value) =>
  ["parameter", "buffer", "constant"].includes(numbers.kind) && numbers.shape.length === 1 && numbers.shape[0] === y.shape[y.shape.length - 1];

/** a * b as one op, where it is the end of one. */
export function productOf(a: Value, b: Value): Value | undefined {
  return either(a, b, (x, y) => gated(x, y) ?? geluOf(x, y) ?? scaledNorm(x, y));
}

const gated = (x: Value, gate: Value) => {
  if (madeBy(gate, sigmoid)?.x === x) return silu({ x });
  return madeBy(gate, hardSigmoid)?.x === x ? hardSwish({ x }) : undefined;
};

/** x of x * number. */
function scaled(value: Value, number: number): Value | undefined {
  const product = madeBy(value, mul);
  return product && either(product.a, product.b, (x, factor) => (isNumber(factor, number) ? x : undefined));
}

/** x of 1 + erf(x / sqrt(2)). */
function gateOf(value: Value): Value | undefined {
  const sum = madeBy(value, add);
  const curve = sum && either(sum.a, sum.b, (x, one) => (isNumber(one, 1) ? x : undefined));
  const inner = curve && madeBy(curve, map, "erf");
  return inner && scaled(inner.x, Math.SQRT1_2);
}

/** GELU by the error function: x * 0.5 * (1 + erf(x / sqrt(2))), the products in any order. */
function geluOf(p: Value, q: Value): Value | undefined {
  const gate = gateOf(q);
  if (gate && scaled(p, 0.5) === gate) return gelu({ x: gate });
  const half = scaled(q, 0.5);
  if (half && gateOf(half) === p) return gelu({ x: p });
  const whole = isNumber(q, 0.5) ? madeBy(p, mul) : undefined;
  return whole && either(whole.a, whole.b, (x, gate) => (gateOf(gate) === x ? gelu({ x }) : undefined));
}

/** A layer norm that takes a scale for each channel along. */
function scaledNorm(y: Value, weight: Value): Value | undefined {
  const norm = madeBy(y, layerNorm);
  return norm && !norm.weight && !norm.bias && perChannel(weight, y) ? layerNorm({ x: norm.x, weight }, y.node?.attributes) : undefined;
}

/** The mean over the last axis: what it is of. */
const meanOf = (value: Value) => {
  const { op, tensors, attributes } = ((value.node?.op as unknown) === reshape ? value.node?.tensors.x.node : value.node) ?? {};
  return tensors && (op as unknown) === mean && String(attributes?.axes) === String(tensors.x.shape.length - 1) ? tensors.x : undefined;
};

/** a / b where that is (x - mean) / sqrt(variance + epsilon) over the last axis. */
export function quotientOf(a: Value, b: Value): Value | undefined {
  const rest = madeBy(a, combine, "sub");
  const sum = madeBy(madeBy(b, map, "sqrt")?.x ?? b, add);
  const epsilon = sum && either(sum.a, sum.b, (_, number) => numberOf(number));
  const variance = sum && either(sum.a, sum.b, (value, number) => (numberOf(number) === undefined ? undefined : meanOf(value)));
  const square = variance && madeBy(variance, mul);
  if (!rest || epsilon === undefined || square?.a !== a || square.b !== a || meanOf(rest.b) !== rest.a) return undefined;
  return layerNorm({ x: rest.a }, { epsilon });
}

/** Layers that add a number for each of their channels themselves. */
const layers = new Set<unknown>([conv2d, depthwiseConv2d, dense, layerNorm]);

/** a + b where one is a layer without bias, and the other a number for each of its channels. */
export function sumOf(a: Value, b: Value): Value | undefined {
  return either(a, b, (y, bias) => {
    const { op, tensors, attributes } = y.node ?? {};
    if (!tensors || !layers.has(op) || tensors.bias || !perChannel(bias, y)) return undefined;
    const bounded = attributes?.low !== undefined && (attributes.low !== -Infinity || attributes.high !== Infinity);
    return bounded ? undefined : (op as unknown as typeof dense)({ x: tensors.x, weight: tensors.weight, bias }, attributes);
  });
}
