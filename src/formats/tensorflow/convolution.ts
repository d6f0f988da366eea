/** Convolutions and pools as TensorFlow has them (channels last, "SAME" padding) on ONNX's operators. */
import type { AttributeValue } from "../onnx/read-model.js";
import type { Draft, Ref } from "./draft.js";
import { reshaped, transposed } from "./stored.js";

/** "SAME" is padding to ceil(size / stride), the odd element behind; numbers are [top, left, bottom, right]. */
export type Padding = "SAME" | "VALID" | readonly number[];

export interface Window {
  /** [height, width], as everything here. */
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
  readonly padding: Padding;
  /** Whether x is [N, C, H, W]; default [N, H, W, C]. */
  readonly channelsFirst?: boolean;
}

/** What ONNX's windowed operators say of a window. */
function attributesOf({ strides, dilations = [1, 1], padding }: Window): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = { strides };
  if (dilations.some((step) => step !== 1)) attributes.dilations = dilations;
  if (typeof padding === "string") attributes.auto_pad = padding === "SAME" ? "SAME_UPPER" : "VALID";
  else attributes.pads = padding;
  return attributes;
}

/** Runs an operator of [N, C, H, W] on a tensor of either order. */
export function onImages(draft: Draft, x: Ref, channelsFirst: boolean | undefined, op: (x: Ref) => Ref): Ref {
  return channelsFirst ? op(x) : draft.channelsLast(op(draft.channelsFirst(x)));
}

/** @param weight ONNX's [out, in / groups, kh, kw] */
export function conv2d(draft: Draft, x: Ref, weight: Ref, bias: Ref | undefined, window: Window & { groups?: number }, name = "Conv"): Ref {
  const attributes = { ...attributesOf(window), group: window.groups ?? 1 };
  return onImages(draft, x, window.channelsFirst, (image) => draft.add("Conv", bias ? [image, weight, bias] : [image, weight], attributes, name));
}

/** TensorFlow's filter [kh, kw, in / groups, out] as ONNX's. */
export const convWeight = (draft: Draft, filter: Ref): Ref => draft.transpose(filter, [3, 2, 0, 1]);

/** TensorFlow's depthwise filter, a constant [kh, kw, in, multiplier], as ONNX's: channel c gives channels c m to c m + m - 1. */
export function depthwiseWeight(draft: Draft, filter: Ref): { weight: Ref; groups: number } {
  const { shape } = draft.stored(filter) ?? draft.unsupported(`a depthwise filter "${filter}" that is computed while the network runs`);
  if (shape.length !== 4) draft.fail(`depthwise filter "${filter}" expects 4 axes, got [${shape}]`);
  const [height, width, channels, multiplier] = shape;
  const inOnnx = [channels * multiplier, 1, height, width];
  return { weight: draft.derived(filter, "depthwise", (tensor) => reshaped(transposed(tensor, [2, 3, 0, 1]), inOnnx)), groups: channels };
}

/**
 * The gradient of a convolution, used forwards. Its output is [H, W] = size * stride ("SAME") or (size - 1) * stride + max(kernel, stride)
 * ("VALID") unless `outputSize` says otherwise.
 *
 * @param weight a constant, ONNX's [in, out, kh, kw]
 */
export function convTranspose2d(
  draft: Draft,
  x: Ref,
  weight: Ref,
  bias: Ref | undefined,
  window: Window & { outputSize?: readonly number[]; outputPadding?: readonly number[] },
  name = "ConvTranspose",
): Ref {
  const { shape } = draft.stored(weight) ?? draft.unsupported(`a transposed convolution whose weight "${weight}" is computed while the network runs`);
  const { strides, outputSize, outputPadding, padding } = window;
  const missing = strides.map((stride, i) => Math.max(stride - shape[2 + i], 0));
  const size: Record<string, AttributeValue> = outputSize
    ? { output_shape: outputSize }
    : padding === "VALID" && missing.some((extra) => extra > 0) && !outputPadding
      ? { output_padding: missing }
      : outputPadding
        ? { output_padding: outputPadding }
        : {};
  const attributes = { ...attributesOf(window), ...size };
  return onImages(draft, x, window.channelsFirst, (image) => draft.add("ConvTranspose", bias ? [image, weight, bias] : [image, weight], attributes, name));
}

/** Averages leave padding out. @param kernel [height, width] */
export function pool2d(draft: Draft, kind: "AveragePool" | "MaxPool", x: Ref, kernel: readonly number[], window: Window): Ref {
  const attributes = { kernel_shape: kernel, ...attributesOf(window) };
  return onImages(draft, x, window.channelsFirst, (image) => draft.add(kind, [image], attributes));
}

/** Over the axis of channels of a tensor of rank 4, or over [N, C]; parameters are [C]. */
export function batchNormalization(
  draft: Draft,
  x: Ref,
  { scale, offset, mean, variance }: Readonly<Record<"scale" | "offset" | "mean" | "variance", Ref>>,
  { epsilon, rank = 4, channelsFirst }: { epsilon: number; rank?: number; channelsFirst?: boolean },
): Ref {
  const norm = (values: Ref) => draft.add("BatchNormalization", [values, scale, offset, mean, variance], { epsilon });
  return rank === 2 ? norm(x) : onImages(draft, x, channelsFirst, norm);
}

/** Between which pixels a resize reads, and how it mixes them. */
export interface Sampling {
  readonly mode: "linear" | "nearest";
  readonly alignCorners?: boolean;
  readonly halfPixelCenters?: boolean;
}

/** tf.image.resize and its two predecessors. @param target [height, width], a constant or computed, or what they are multiplied by */
export function resize2d(
  draft: Draft,
  x: Ref,
  target: { size: Ref } | { scales: readonly number[] },
  { mode, alignCorners, halfPixelCenters }: Sampling,
  channelsFirst = false,
): Ref {
  const coordinates = alignCorners ? "align_corners" : halfPixelCenters ? "half_pixel" : "asymmetric";
  // TensorFlow takes floor(i scale), with centres floor((i + 0.5) scale), with aligned corners the nearest, halves up.
  const nearest_mode = coordinates === "asymmetric" ? "floor" : "round_prefer_ceil";
  return onImages(draft, x, channelsFirst, (image) => {
    const attributes = { mode, coordinate_transformation_mode: coordinates, nearest_mode };
    if ("scales" in target) return draft.add("Resize", [image, "", draft.floats([1, 1, ...target.scales])], attributes);
    const sizes = draft.add("Concat", [draft.add("Shape", [image], { start: 0, end: 2 }), target.size], { axis: 0 });
    return draft.add("Resize", [image, "", "", sizes], attributes);
  });
}

/** Blocks of [b, b] pixels to channels or back; channels last, so that (row, column, channel) is their order. */
export function moveBlocks(draft: Draft, kind: "SpaceToDepth" | "DepthToSpace", x: Ref, blocksize: number, channelsFirst = false): Ref {
  return onImages(draft, x, channelsFirst, (image) => draft.add(kind, [image], { blocksize }));
}
