import type { Shape } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { convTranspose2d } from "../../../ops/conv-transpose2d.js";
import { conv2d } from "../../../ops/conv2d.js";
import { depthwiseConv2d } from "../../../ops/depthwise.js";
import { pad } from "../../../ops/pad.js";
import { slice } from "../../../ops/slice.js";
import { transposedWindow, type WindowAxes, windowOf } from "../evaluate/network.js";
import type { Build, NodeCall } from "./call.js";
import { type Computed, computed, reshaped, type Tensor, viewed } from "./tensor.js";

/** [N, C, ...] in memory as [N, ..., C]. */
export const channelsLast = (rank: number) => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];

/** [out, in, ...] in memory as [..., in, out]. */
const kernelFirst = (rank: number) => [...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1, 0];

/** A window along the last two spatial axes, as our ops take it. */
export const planar = ({ strides, dilations, before, after }: WindowAxes) => {
  const last = <T>(list: readonly T[]) => list.slice(-2);
  const [top, left] = last(before);
  const [bottom, right] = last(after);
  return { stride: last(strides), dilation: last(dilations), padding: [top, bottom, left, right] };
};

/** [N, C, W] as [N, C, 1, W], so that one axis is a special case of two; more stay as they are. */
export const withHeight = (tensor: Tensor): Tensor =>
  tensor.shape.length === 3 ? reshaped(tensor, [tensor.shape[0], tensor.shape[1], 1, tensor.shape[2]]) : tensor;

/** The same of a window. */
export const windowWithHeight = (window: WindowAxes): WindowAxes => {
  if (window.kernel.length !== 1) return window;
  const { kernel, strides, dilations, before, after, out } = window;
  return { kernel: [1, ...kernel], strides: [1, ...strides], dilations: [1, ...dilations], before: [0, ...before], after: [0, ...after], out: [1, ...out] };
};

/** The result of an operator on [N, ..., C] as [N, C, ...spatial]. */
export const channelsSecond = (y: Value, spatial: Shape): Computed => {
  const [count, channels] = [y.shape[0], y.shape[y.shape.length - 1]];
  const shape = [count, channels, ...spatial];
  return computed(viewed(y, [count, ...spatial, channels]), shape, channelsLast(shape.length));
};

/**
 * An image [N, H, W, C] before a node of its own padded it, as exporters do where their framework's padding is not ONNX's; and
 * the padding [top, bottom, left, right], which a window can do itself.
 */
export function unpadded(x: Value, filler: number): { inner: Value; sides: readonly number[] } {
  const { op, tensors, attributes } = x.node ?? {};
  const [before, after] = [attributes?.before, attributes?.after] as (readonly number[] | undefined)[];
  if ((op as unknown) !== pad || !tensors || !before || !after || attributes?.value !== filler || x.shape.length !== 4)
    return { inner: x, sides: [0, 0, 0, 0] };
  if (before[0] + before[3] + after[0] + after[3] > 0) return { inner: x, sides: [0, 0, 0, 0] };
  return { inner: tensors.x, sides: [before[1], after[1], before[2], after[2]] };
}

/** Convolution along two axes: x [N, H, W, C], weight [kh, kw, in / groups, out]. */
function convolution(x: Value, weight: Value, bias: Value | undefined, groups: number, window: WindowAxes): Value {
  const { inner, sides } = unpadded(x, 0);
  const { padding, ...rest } = planar(window);
  const attributes = { ...rest, padding: padding.map((side, i) => side + sides[i]) };
  const inputs = { x: inner, weight, bias };
  return groups > 1 && groups === x.shape[3] && groups === weight.shape[3] ? depthwiseConv2d(inputs, attributes) : conv2d(inputs, { ...attributes, groups });
}

/** Along three: the sum of planar ones over the taps of depth. */
function deepConvolution(x: Value, weight: Value, bias: Value | undefined, groups: number, window: WindowAxes): Value {
  const { kernel, strides, dilations, before, after, out } = window;
  const [count, , height, width, channels] = x.shape;
  const padded = pad({ x }, { before: [0, before[0], 0, 0, 0], after: [0, Math.max(0, after[0]), 0, 0, 0] });
  let sum: Value | undefined;
  for (let tap = 0; tap < kernel[0]; tap++) {
    const starts = [0, tap * dilations[0], 0, 0, 0];
    const plane = slice({ x: padded }, { starts, sizes: [count, out[0], height, width, channels], steps: [1, strides[0], 1, 1, 1] });
    const taps = slice({ x: weight }, { starts: [tap, 0, 0, 0, 0], sizes: [1, ...weight.shape.slice(1)] });
    const images = viewed(plane, [count * out[0], height, width, channels]);
    const part = convolution(images, viewed(taps, weight.shape.slice(1)), sum ? undefined : bias, groups, window);
    sum = sum ? add({ a: sum, b: part }) : part;
  }
  return viewed(sum as Value, [count, ...out, weight.shape[4]]);
}

/** x [N, C, ...] and weight [M, C / groups, ...] with up to three spatial axes. */
export function convolved(call: NodeCall, x: Tensor, weight: Tensor, bias: Tensor | undefined): Computed {
  const [, channels, ...size] = x.shape;
  const [filters, perGroup, ...kernel] = weight.shape;
  const groups = call.int("group", 1);
  if (size.length < 1 || size.length > 3) call.unsupported(`a convolution along ${size.length} axes`);
  if (weight.shape.length !== x.shape.length || channels !== perGroup * groups || filters % groups !== 0)
    call.misfit(`weight expects ${perGroup * groups} channels in ${groups} groups`);
  const window = windowOf(call, size, kernel);
  const [image, taps] = [withHeight(x), withHeight(weight)];
  const value = call.value(image, channelsLast(image.shape.length));
  const build = size.length === 3 ? deepConvolution : convolution;
  const kernels = call.weight(taps, kernelFirst(image.shape.length));
  return channelsSecond(build(value, kernels, bias && call.weight(bias), groups, windowWithHeight(window)), window.out);
}

const conv: Build = (call) => convolved(call, call.input(0), call.input(1), call.inputs[2]);

/**
 * x [N, H, W, C], weight [kh, kw, out / groups, C]. What the output has beyond the reach of all taps is 0, however much the
 * file asks for.
 */
function transposedConvolution(x: Value, weight: Value, groups: number, window: WindowAxes): Value {
  const { stride, dilation, padding } = planar(window);
  const [top, bottom, left, right] = padding;
  const spare = [top + bottom, left + right].map((sides, i) => {
    const reach = (x.shape[i + 1] - 1) * stride[i] + (weight.shape[i] - 1) * dilation[i] + 1;
    return window.out.slice(-2)[i] - (reach - sides);
  });
  const outputPadding = spare.map((size, i) => Math.min(Math.max(size, 0), stride[i] - 1));
  const y = convTranspose2d({ x, weight }, { stride, dilation, padding, outputPadding, groups });
  const rest = spare.map((size, i) => size - outputPadding[i]);
  return rest.every((size) => size === 0) ? y : pad({ x: y }, { before: [0, 0, 0, 0], after: [0, ...rest, 0] });
}

/** Along three axes: planar ones for each tap of depth, whose planes are moved apart by the stride and added where they fall. */
function deepTransposedConvolution(x: Value, weight: Value, groups: number, window: WindowAxes): Value {
  const [count, depth, height, width, channels] = x.shape;
  const [step, out] = [window.strides[0], window.out[0]];
  const images = viewed(x, [count * depth, height, width, channels]);
  const parts = Array.from({ length: window.kernel[0] }, (_, tap) => {
    const taps = slice({ x: weight }, { starts: [tap, 0, 0, 0, 0], sizes: [1, ...weight.shape.slice(1)] });
    const planes = transposedConvolution(images, viewed(taps, weight.shape.slice(1)), groups, window);
    const plane = planes.shape.slice(1);
    const apart = pad({ x: viewed(planes, [count, depth, 1, ...plane]) }, { before: [0, 0, 0, 0, 0, 0], after: [0, 0, step - 1, 0, 0, 0] });
    const start = tap * window.dilations[0];
    const ends = { before: [0, start, 0, 0, 0], after: [0, Math.max(0, window.before[0] + out - start - depth * step), 0, 0, 0] };
    const long = pad({ x: viewed(apart, [count, depth * step, ...plane]) }, ends);
    return slice({ x: long }, { starts: [0, window.before[0], 0, 0, 0], sizes: [count, out, ...plane] });
  });
  return parts.reduce((a, b) => add({ a, b }));
}

const convTranspose: Build = (call) => {
  const [x, weight, bias] = [call.input(0), call.input(1), call.inputs[2]];
  const [, channels, ...size] = x.shape;
  const [inputs, perGroup, ...kernel] = weight.shape;
  const groups = call.int("group", 1);
  if (size.length < 1 || size.length > 3) call.unsupported(`a transposed convolution along ${size.length} axes`);
  if (inputs !== channels || channels % groups !== 0 || perGroup < 1) call.misfit(`weight expects ${inputs} channels in ${groups} groups`);
  const window = transposedWindow(call, size, kernel);
  if (window.before.some((pad) => pad < 0)) call.unsupported("padding below 0");
  const image = withHeight(x);
  const value = call.value(image, channelsLast(image.shape.length));
  const build = size.length === 3 ? deepTransposedConvolution : transposedConvolution;
  const y = build(value, call.weight(withHeight(weight), kernelFirst(image.shape.length)), groups, windowWithHeight(window));
  return channelsSecond(bias ? add({ a: y, b: call.weight(bias) }) : y, window.out);
};

export const convolutions: Readonly<Record<string, Build>> = { Conv: conv, ConvTranspose: convTranspose };
