/**
 * Layers on bytes as QuantizeLinear and DequantizeLinear around ONNX's float operators. A runtime turns convolutions and products into integer
 * kernels, which give our bytes. It has none for sums that are rounded once, as ours are: those are written on whole numbers, in the order of
 * our kernels' roundings. Floats hold them exactly up to 2^24, so that a runtime comes to our bytes in whatever order it adds.
 */
import type { Quantization } from "../../../core/dtype.js";
import type { Node, Value } from "../../../graph/graph.js";
import type { Attributes } from "../../../graph/op.js";
import { residualFactor, type ResultAttributes, storedBounds } from "../../../ops/lowering/quantized.js";
import { constant } from "../constant.js";
import { roundEven } from "../evaluate/elementwise.js";
import { channelsFirst, floatType, type GraphWriter, inOrder, outputsFirst, type WriteNode } from "./graph-writer.js";
import { clamp, convolution, product } from "./layers.js";

/** As our kernels bound biases, so that sums stay within int32. */
const mostBias = 2 ** 30;

/** The result of floats: as bytes within the bounds that our kernels keep, 7 bits at most, or as floats where the scale is 0. */
function finish(write: GraphWriter, name: string, attributes: ResultAttributes, order: readonly number[]): void {
  if (attributes.scale === 0) return write.set(write.output, { name: clamp(write, name, attributes), order });
  round(write, name, attributes, attributes.scale, order);
}

/** Floats that count steps of `step` as bytes. */
function round(write: GraphWriter, name: string, attributes: ResultAttributes, step: number, order: readonly number[]): void {
  const bytes = write.add("QuantizeLinear", [name, ...write.steps({ ...attributes, scale: step })]);
  write.result("Clip", [bytes, ...storedBounds(attributes).map((bound) => write.scalar(bound, "uint8"))], {}, order);
}

const quantizationOf = (x: Value) => x.quantization as Quantization;

/** Steps of a layer's products, by output channel: of its input times of its weights. */
const productSteps = (write: GraphWriter, { x, weightScale }: Node["tensors"]) =>
  Float64Array.from(write.numbers(weightScale), (step) => step * quantizationOf(x).scale);

/**
 * A bias as our kernels add it to the sums: whole numbers of steps, each of which is `worth` in the sums that the file has.
 *
 * @param residualShift what the zero point of a residual adds to it
 */
function wholeBias(write: GraphWriter, { bias, weightScale }: Node["tensors"], steps: Float64Array, worth: Float64Array, residualShift = 0): string {
  const values = bias && write.numbers(bias);
  const whole = steps.map((step, i) => Math.min(Math.max(roundEven(((values?.[i] ?? 0) - residualShift) / step), -mostBias), mostBias));
  const numbers = constant("int32", weightScale.shape, whole);
  const zeros = constant("int32", weightScale.shape, new Int32Array(whole.length));
  const name = bias ? write.own(bias.name, numbers) : write.literal(numbers);
  return write.add("DequantizeLinear", [name, write.literal(constant("float32", weightScale.shape, worth)), write.literal(zeros)], { axis: 0 });
}

function biasOf(write: GraphWriter, tensors: Node["tensors"]): string[] {
  const steps = productSteps(write, tensors);
  return tensors.bias ? [wholeBias(write, tensors, steps, steps)] : [];
}

const conv: WriteNode = (write, { tensors, attributes: given, op }) => {
  const { x, weight, residual } = tensors;
  const attributes = given as unknown as ResultAttributes;
  const groups = op.name === "quantizedDepthwise" ? x.shape[3] : 1;
  if (residual || attributes.scale === 0) return wholeConv(write, tensors, given, groups);
  const inputs = [write.floats(x, channelsFirst), write.name(weight, outputsFirst), ...biasOf(write, tensors)];
  finish(write, convolution(write, inputs, weight, given, groups), attributes, channelsFirst);
};

/** A convolution whose sums are not rounded at once: a residual joins them, or they stay floats. */
function wholeConv(write: GraphWriter, tensors: Node["tensors"], given: Attributes, groups: number): void {
  const { x, weight, residual } = tensors;
  const attributes = given as unknown as ResultAttributes;
  const { scale, zeroPoint } = residual?.quantization ?? { scale: 0, zeroPoint: 0 };
  const steps = productSteps(write, tensors);
  const ones = steps.map(() => 1);
  const counts = write.floats(x, channelsFirst, { ...quantizationOf(x), scale: 1 });
  const inputs = [counts, write.wholes(weight, outputsFirst), wholeBias(write, tensors, steps, ones, scale * zeroPoint)];
  const sums = convolution(write, inputs, weight, given, groups);
  const factors = steps.map((step) => step / (attributes.scale || 1));
  const scaled = write.add("Mul", [sums, write.literal(constant("float32", [factors.length, 1, 1], factors))]);
  if (!residual) return finish(write, scaled, attributes, channelsFirst);
  const addend = write.floats(residual, channelsFirst, { scale: residualFactor(residual, attributes), zeroPoint: 0 });
  round(write, write.add("Add", [scaled, addend]), attributes, 1, channelsFirst);
}

const dense: WriteNode = (write, { tensors, attributes }) => {
  const { x, weight } = tensors;
  const order = inOrder(x.shape.length);
  const [bias = ""] = biasOf(write, tensors);
  finish(write, product(write, write.floats(x, order), order.length, weight, bias), attributes as unknown as ResultAttributes, order);
};

const sum: WriteNode = (write, { tensors: { a, b }, attributes: given }) => {
  const attributes = given as unknown as ResultAttributes;
  const { order } = write.get(a);
  const [first, second] = [quantizationOf(a), quantizationOf(b)];
  const offset = -(first.zeroPoint * first.scale + second.zeroPoint * second.scale) / attributes.scale;
  // The bytes of one by Cast: between two DequantizeLinear and a QuantizeLinear a runtime would put a sum of its own.
  const shares = [
    write.floats(a, order, { scale: first.scale / attributes.scale, zeroPoint: 0 }),
    write.add("Mul", [write.add("Cast", [write.name(b, order)], { to: floatType }), write.scalar(second.scale / attributes.scale)]),
  ];
  round(write, write.add("Add", [shares[0], write.add("Add", [shares[1], write.scalar(offset)])]), attributes, 1, order);
};

const quantize: WriteNode = (write, { tensors: { x }, attributes }) => {
  const { name, order } = write.get(x);
  finish(write, name, { low: -Infinity, high: Infinity, ...(attributes as unknown as Quantization) }, order);
};

const dequantize: WriteNode = (write, { tensors: { x, y } }) => {
  const { order } = write.get(x);
  write.set(y, { name: write.floats(x, order), order });
};

export const quantized: Record<string, WriteNode> = {
  quantizedConv2d: conv,
  quantizedDepthwise: conv,
  quantizedDense: dense,
  quantizedAdd: sum,
  quantize,
  dequantize,
};
