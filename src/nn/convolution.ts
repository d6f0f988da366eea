import { ShapeError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { conv2d } from "../ops/conv2d.js";
import { depthwiseConv2d } from "../ops/depthwise.js";
import type { Scope } from "./scope.js";

/**
 * `symmetric`: (kernel - 1) / 2 x dilation on all sides; `same`: as much as TensorFlow's SAME needs for an output of
 * ceil(size / stride), the odd pixel at the bottom and right; a number: on all sides; else [top, bottom, left, right].
 */
export type Padding = number | "symmetric" | "same" | readonly [number, number, number, number];

export interface Conv {
  /** Output channels. */
  readonly channels: number;
  /** Side of the square kernel, or [height, width]. */
  readonly kernel: number | readonly [number, number];
  readonly stride?: number;
  /** Default 0, as in PyTorch. */
  readonly padding?: Padding;
  readonly dilation?: number;
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** What becomes of the learned weight, [height, width, C / groups, channels] in memory, before it is used; default nothing. */
  readonly reweight?: (net: Scope, weight: Value) => Value;
}

/** Channels of a value: its last axis. */
export function channelsOf(x: Value): number {
  return x.shape[x.shape.length - 1];
}

/** Padding before and after an axis of `size` so that `kernel` at `stride` gives ceil(size / stride) outputs (TensorFlow's `SAME`). */
export function samePadding(size: number, kernel: number, stride: number, dilation: number): [number, number] {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** The four sides that `padding` means for x [N, H, W, C] and a kernel [height, width]. */
export function paddingOf(padding: Padding, x: Value, kernel: readonly [number, number], stride: number, dilation: number): [number, number, number, number] {
  if (padding === "same") {
    const [, height, width] = x.shape;
    return [...samePadding(height, kernel[0], stride, dilation), ...samePadding(width, kernel[1], stride, dilation)];
  }
  if (padding === "symmetric") {
    const [vertical, horizontal] = kernel.map((size) => Math.floor((size - 1) / 2) * dilation);
    return [vertical, vertical, horizontal, horizontal];
  }
  return typeof padding === "number" ? [padding, padding, padding, padding] : [...padding];
}

/**
 * Convolution of x [N, H, W, C]; `weight` is [channels, C / groups, height, width] in checkpoints and
 * [height, width, C / groups, channels] in memory.
 */
export function conv(net: Scope, x: Value, { channels, kernel, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, reweight }: Conv): Value {
  if (x.shape.length !== 4) throw new ShapeError(`conv: expected x [N,H,W,C], got ${formatShape(x.shape)} at ${net.path}`);
  const depth = channelsOf(x);
  if (depth % groups !== 0 || channels % groups !== 0) {
    throw new ShapeError(`conv: ${groups} groups divide neither ${depth} input nor ${channels} output channels evenly at ${net.path}`);
  }
  const [kh, kw] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  const fan = { in: (depth / groups) * kh * kw, out: channels * kh * kw, groups };
  const inFile = [channels, depth / groups, kh, kw];
  const learned = net.parameter("weight", [kh, kw, depth / groups, channels], {
    initializer: net.defaults.convWeight(fan),
    file: { shape: inFile, view: inFile, order: [2, 3, 1, 0] },
  });
  const weight = reweight ? reweight(net, learned) : learned;
  const inputs = { x, weight, bias: bias ? net.parameter("bias", [channels], { initializer: net.defaults.convBias(fan) }) : undefined };
  const attributes = { stride: [stride, stride], padding: paddingOf(padding, x, [kh, kw], stride, dilation), dilation: [dilation, dilation] };
  return groups > 1 && groups === depth && groups === channels ? depthwiseConv2d(inputs, attributes) : conv2d(inputs, { ...attributes, groups });
}
