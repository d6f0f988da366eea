/** Layers with windows, weights or statistics. */
import type { Quantization } from "../../../core/dtype.js";
import { sameShape, sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { integers } from "../constant.js";
import { channelsFirst, type GraphWriter, inOrder, outputsFirst, type WriteNode } from "./graph-writer.js";

/** [top, bottom, left, right] as ONNX has it: all begins, then all ends. */
const pads = (padding: readonly number[]) => [padding[0], padding[2], padding[1], padding[3]];

/** The bounds that a layer of ours puts on its result. */
export function clamp(write: GraphWriter, name: string, { low = -Infinity, high = Infinity }: { low?: number; high?: number }): string {
  if (low === -Infinity && high === Infinity) return name;
  if (low === 0 && high === Infinity) return write.add("Relu", [name]);
  return write.add("Clip", [name, low === -Infinity ? "" : write.scalar(low), high === Infinity ? "" : write.scalar(high)]);
}

const bounds = (attributes: Record<string, unknown>) => attributes as { low?: number; high?: number };

/** Convolution of whatever `inputs` name: an image channels first, a weight outputs first and a bias. A depthwise weight is [kh, kw, 1, C] here. */
export function convolution(write: GraphWriter, inputs: readonly string[], { shape }: Value, attributes: Record<string, unknown>, groups: number): string {
  const { stride, padding, dilation } = attributes as Record<string, readonly number[]>;
  return write.add("Conv", inputs, {
    kernel_shape: shape.slice(0, 2),
    strides: stride,
    pads: pads(padding),
    dilations: dilation,
    group: groups,
  });
}

const conv: WriteNode = (write, { tensors: { x, weight, bias, y }, attributes, op }) => {
  const groups = op.name === "depthwiseConv2d" ? x.shape[3] : (attributes.groups as number);
  const inputs = [write.name(x, channelsFirst), write.name(weight, outputsFirst), ...(bias ? [write.name(bias)] : [])];
  const sum = convolution(write, inputs, weight, attributes, groups);
  write.set(y, { name: clamp(write, sum, bounds(attributes)), order: channelsFirst });
};

/** Product with a weight [in, out], or with [out, in] as files mostly have it. */
export function product(write: GraphWriter, x: string, rank: number, weight: Value, bias: string): string {
  const { name, order } = write.get(weight);
  const transB = sameShape(order, [1, 0]);
  if (rank === 2) return write.add("Gemm", [x, transB ? name : write.name(weight), ...(bias ? [bias] : [])], transB ? { transB: 1 } : {});
  const sum = write.add("MatMul", [x, write.name(weight)]);
  return bias ? write.add("Add", [sum, bias]) : sum;
}

const dense: WriteNode = (write, { tensors: { x, weight, bias, y }, attributes }) => {
  const sum = product(write, ...flattened(write, x, weight), bias ? write.name(bias) : "");
  write.set(y, { name: clamp(write, sum, bounds(attributes)), order: inOrder(y.shape.length) });
};

/** Where a weight counts its inputs as files do, [C, H, W], and the image before it lies channels first, neither has to move. */
function flattened(write: GraphWriter, x: Value, weight: Value): [x: string, rank: number, weight: Value] {
  const image = x.node?.op.name === "reshape" ? x.node.tensors.x : undefined;
  const { file } = weight;
  const counted = file && image?.shape.length === 4 && sameShape(file.order, [2, 3, 1, 0]) && sameShape(file.shape, [file.view[0], sizeOf(file.view.slice(1))]);
  if (!counted || x.shape.length !== 2) return [write.name(x), x.shape.length, weight];
  const flat = write.add("Flatten", [write.name(image, channelsFirst)], { axis: 1 });
  write.set(weight, { name: write.stored(weight), order: [1, 0] });
  return [flat, 2, weight];
}

const batchNorm: WriteNode = (write, { tensors: { x, weight, bias, mean, variance, y }, attributes }) => {
  const order = x.shape.length === 4 ? channelsFirst : inOrder(x.shape.length);
  if (x.shape.length !== 4 && x.shape.length !== 2) write.unsupported(`expected 4 or 2 axes, got ${x.shape.length}`);
  const inputs = [write.name(x, order), ...[weight, bias, mean, variance].map((value) => write.name(value))];
  const scaled = write.add("BatchNormalization", inputs, { epsilon: attributes.epsilon as number });
  write.set(y, { name: clamp(write, scaled, bounds(attributes)), order });
};

const pool =
  (op: "MaxPool" | "AveragePool"): WriteNode =>
  (write, { tensors: { x, y }, attributes }) => {
    const {
      kernel,
      stride,
      padding,
      ceilMode,
      countIncludePad = false,
    } = attributes as Record<string, never> & { kernel: number[]; stride: number[]; padding: number[] };
    const strides = stride.length ? stride : kernel;
    // Windows of ceilMode that reach beyond the padding are written as padding at the end, which runtimes agree on.
    const beyond = (axis: number) =>
      Math.max((y.shape[1 + axis] - 1) * strides[axis] + kernel[axis] - x.shape[1 + axis] - padding[2 * axis] - padding[2 * axis + 1], 0);
    const more = [beyond(0), beyond(1)];
    if (ceilMode && countIncludePad && more.some((pixels) => pixels > 0)) write.unsupported("ceilMode with countIncludePad counts differently in ONNX");
    const ends = [padding[0], padding[1] + more[0], padding[2], padding[3] + more[1]];
    const counting: Record<string, number> = op === "AveragePool" && countIncludePad ? { count_include_pad: 1 } : {};
    write.result(op, [write.name(x, channelsFirst)], { kernel_shape: kernel, strides, pads: pads(ends), ...counting }, channelsFirst);
  };

/** As our kernel has it: the whole sum, which floats hold exactly, times one factor. */
function meanOfBytes(write: GraphWriter, x: Value, { scale, zeroPoint }: Quantization): string {
  const sum = write.add("ReduceSum", [write.floats(x, channelsFirst, { scale: 1, zeroPoint }), write.literal(integers([2, 3]))]);
  return write.add("Mul", [sum, write.scalar(scale / (x.shape[1] * x.shape[2]))]);
}

const globalAveragePool: WriteNode = (write, { tensors: { x, y } }) => {
  const pooled = x.quantization ? meanOfBytes(write, x, x.quantization) : write.add("GlobalAveragePool", [write.name(x, channelsFirst)]);
  write.set(y, { name: write.add("Flatten", [pooled], { axis: 1 }), order: [0, 1] });
};

/** A norm that was folded into grouped convolutions of a quantised network: its factor, and what it adds. */
const normScale: WriteNode = (write, { tensors: { weight, variance, y }, attributes }) => {
  const deviation = write.add("Sqrt", [write.add("Add", [write.name(variance), write.scalar(attributes.epsilon as number)])]);
  write.set(y, { name: write.add("Div", [write.name(weight), deviation]), order: [0] });
};
const normShift: WriteNode = (write, { tensors: { scale, normBias, mean, bias, y } }) => {
  const centred = bias ? write.add("Sub", [write.name(bias), write.name(mean)]) : write.add("Neg", [write.name(mean)]);
  write.set(y, { name: write.add("Add", [write.name(normBias), write.add("Mul", [centred, write.name(scale)])]), order: [0] });
};

export const layers: Record<string, WriteNode> = {
  conv2d: conv,
  depthwiseConv2d: conv,
  dense,
  batchNormFrozen: batchNorm,
  norm_scale: normScale,
  norm_shift: normShift,
  maxPool: pool("MaxPool"),
  averagePool: pool("AveragePool"),
  globalAveragePool,
};
