/** Layers on bytes as QuantizeLinear and DequantizeLinear around ONNX's float operators, which runtimes turn into integer kernels. */
import type { Quantization } from "../../../core/dtype.js";
import type { Value } from "../../../graph/graph.js";
import { storedBounds, type ResultAttributes } from "../../../ops/lowering/quantized.js";
import { channelsFirst, type GraphWriter, inOrder, type WriteNode } from "./graph-writer.js";
import { convolution, product } from "./layers.js";

/** The result as bytes within the bounds that our kernels keep, 7 bits at most; as floats where the scale is 0. */
function finish(write: GraphWriter, name: string, attributes: ResultAttributes, order: readonly number[]): void {
  const [low, high] = storedBounds(attributes);
  const isFloat = attributes.scale === 0;
  if (isFloat && low === -Infinity && high === Infinity) return write.set(write.output, { name, order });
  const bound = (value: number) => (isFloat && !Number.isFinite(value) ? "" : write.scalar(value, isFloat ? "float32" : "uint8"));
  const bytes = isFloat ? name : write.add("QuantizeLinear", [name, ...write.steps(attributes)]);
  write.result("Clip", [bytes, bound(low), bound(high)], {}, order);
}

/** What our kernels add to the sums: whole numbers in their units. With a residual they make up for its zero point too. */
const biasOf = (write: GraphWriter, x: Value, weightScale: Value, bias: Value | undefined, residual?: Value) =>
  bias ? write.wholeBias(bias, weightScale, (x.quantization as Quantization).scale, residual?.quantization) : "";

const conv: WriteNode = (write, { tensors: { x, weight, weightScale, bias, residual }, attributes, op }) => {
  const groups = op.name === "quantizedDepthwise" ? x.shape[3] : 1;
  let sum = convolution(write, write.floats(x, channelsFirst), weight, biasOf(write, x, weightScale, bias, residual), attributes, groups);
  if (residual) sum = write.add("Add", [sum, write.floats(residual, channelsFirst)]);
  finish(write, sum, attributes as unknown as ResultAttributes, channelsFirst);
};

const dense: WriteNode = (write, { tensors: { x, weight, weightScale, bias }, attributes }) => {
  const order = inOrder(x.shape.length);
  const sum = product(write, write.floats(x, order), order.length, weight, biasOf(write, x, weightScale, bias));
  finish(write, sum, attributes as unknown as ResultAttributes, order);
};

const sum: WriteNode = (write, { tensors: { a, b }, attributes }) => {
  const { order } = write.get(a);
  finish(write, write.add("Add", [write.floats(a, order), write.floats(b, order)]), attributes as unknown as ResultAttributes, order);
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
