import { ShapeError } from "../core/errors.js";
import { formatShape, type Shape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Emitter, type Shapes, type Tensors, type Walk } from "../graph/op.js";
import { sumRows, throughClamp } from "./dense.js";
import { linesRead, walkEach } from "./lowering/walk.js";
import { unitWindow, windowShape } from "./lowering/window.js";

/** Bounds of what a convolution reads in place of x: see `normalized`. */
const unbounded = { lowX: -Infinity, highX: Infinity };
/** With these three inputs a convolution reads min(max((x - mean) * scale + shift, lowX), highX) in place of x, before padding. */
const normalized = ["scale?", "shift?", "mean?"] as const;

export const depthwiseConv2d = defineOp({
  name: "depthwiseConv2d",
  summary:
    "y = min(max(x * weight + bias, low), high), each channel convolved with its own kernel; weight [kh, kw, 1, C]. With scale, shift and mean [C], x stands for min(max((x - mean) * scale + shift, lowX), highX); no gradient flows through that.",
  inputs: ["x", "weight", "bias?", ...normalized],
  attributes: { ...unitWindow, low: -Infinity, high: Infinity, ...unbounded },
  shape({ x, weight, bias, ...norm }, attributes, fail) {
    if (weight.length !== 4 || weight[2] !== 1) fail("expected weight [kh,kw,1,C]");
    const size = windowShape(x, weight, attributes, fail);
    if (weight[3] !== x[3]) fail(`weight expects ${weight[3]} channels, got ${x[3]}`);
    if (bias && (bias.length !== 1 || bias[0] !== x[3])) fail(`bias expects [${x[3]}], got ${formatShape(bias)}`);
    checkNorm(x, norm, fail);
    return [x[0], ...size, x[3]];
  },
  lower(emit, tensors, { stride, padding, dilation, low, high, ...bounds }) {
    const { x, weight, bias, y } = tensors;
    const [kh, kw] = weight.shape;
    const [batch, height, width, channels] = y.shape;
    const padded = (Math.max(width, tilePixels) - 1) * stride[1] + (kw - 1) * dilation[1] + 1;
    const { parts, chunk, ring } = chunksOf(channels, batch * height, ((kh - 1) * dilation[0] + 1) * padded);
    const packed = packedTaps(emit, weight, [0, 0, 0, 0, 0, 0]);
    const work = emit.workspace(ring + tileWork(kh, chunk));
    const reads = [kh, kw, -padding[0], -padding[2], ...dilation, ...stride];
    emit.call(
      "depthwise_f32",
      [y, x, packed, bias ?? 0, ...normOf(tensors, bounds), work, ...x.shape, ...reads, height, width, chunk, low, high],
      parts * batch * height,
      parts === 1 ? walkLines(x, y, { origin: -padding[0], stride: stride[0], reach: (kh - 1) * dilation[0] + 1 }) : undefined,
    );
  },
  gradient: {
    x({ x, weight, y, dy, scale }, { low, high, stride, padding, dilation }) {
      if (scale)
        throw new ShapeError(
          "depthwiseConv2d: x has no gradient through scale, shift and mean; build gradients of a graph that normalises x in a node of its own",
        );
      return depthwiseBackwardX({ dy: throughClamp({ y, dy }, { low, high }), weight }, { stride, padding, dilation, size: x.shape.slice(1, 3) });
    },
    weight: ({ x, weight, y, dy, scale, shift, mean }, { low, high, ...window }) =>
      depthwiseBackwardWeight({ x, dy: throughClamp({ y, dy }, { low, high }), scale, shift, mean }, { ...window, kernel: weight.shape.slice(0, 2) }),
    bias: ({ y, dy }, { low, high }) => sumRows(throughClamp({ y, dy }, { low, high })),
  },
  flops: ({ y, weight }) => 2 * sizeOf(y) * weight[0] * weight[1],
});

export const depthwiseBackwardX = defineOp({
  name: "depthwiseBackwardX",
  summary: "dx of depthwiseConv2d for an input of size [height, width]: each pixel gathers dy through the taps that read it",
  inputs: ["dy", "weight"],
  outputs: ["dx"],
  attributes: { ...unitWindow, size: [0, 0] as readonly number[] },
  shape: ({ dy }, { size }) => [dy[0], size[0], size[1], dy[3]],
  lower(emit, { dy, weight, dx }, { stride, padding, dilation }) {
    const [kh, kw] = weight.shape;
    const [batch, height, width, channels] = dx.shape;
    const window = [padding[0], padding[2], ...dilation, ...stride];
    const reach = Math.floor((width - 1 + padding[2]) / stride[1]) - Math.floor((padding[2] - (kw - 1) * dilation[1]) / stride[1]);
    const padded = reach + tilePixels + 1;
    const { parts, chunk, ring } = chunksOf(channels, batch * height, (Math.floor(((kh - 1) * dilation[0]) / stride[0]) + 1) * padded);
    const packed = packedTaps(emit, weight, [...stride, padding[0], padding[2], ...dilation]);
    const work = emit.workspace(ring + tileWork(kh, chunk));
    emit.call(
      "depthwise_f32_backward_x",
      [dx, dy, packed, work, ...dx.shape, kh, kw, ...window, dy.shape[1], dy.shape[2], chunk],
      parts * batch * height,
      parts === 1 ? walkLines(dy, dx, { origin: padding[0] / stride[0], stride: 1 / stride[0], reach: 2 }) : undefined,
    );
  },
  flops: ({ dy, weight }) => 2 * sizeOf(dy) * weight[0] * weight[1],
});

export const depthwiseBackwardWeight = defineOp({
  name: "depthwiseBackwardWeight",
  summary: "dweight of depthwiseConv2d for a kernel [kh, kw]; scale, shift, mean as there",
  inputs: ["x", "dy", ...normalized],
  outputs: ["dweight"],
  attributes: { ...unitWindow, kernel: [1, 1] as readonly number[], ...unbounded },
  shape({ x, dy, ...norm }, { kernel }, fail) {
    checkNorm(x, norm, fail);
    return [kernel[0], kernel[1], 1, x[3]];
  },
  lower(emit, tensors, { stride, padding, dilation, kernel, ...bounds }) {
    const { x, dy, dweight } = tensors;
    const [kh, kw] = kernel;
    const [, height, width, channels] = dy.shape;
    const padded = (width - 1) * stride[1] + (kw - 1) * dilation[1] + 1;
    const { chunk, ring } = chunksOf(channels, Infinity, ((kh - 1) * dilation[0] + 1) * padded);
    const work = emit.workspace(ring + chunk * kh * kw * 4);
    const reads = [kh, kw, -padding[0], -padding[2], ...dilation, ...stride];
    emit.call(
      "depthwise_f32_backward_weight",
      [dweight, x, dy, ...normOf(tensors, bounds), work, ...x.shape, ...reads, height, width, padded, chunk],
      Math.ceil(channels / 4),
    );
  },
  flops: ({ dy }, { kernel }) => 2 * sizeOf(dy) * kernel[0] * kernel[1],
});

/** Lines of y one after the other; line j reads x from line `origin` + j * `stride` on, as far as it reaches. */
function walkLines(x: Value, y: Value, window: { origin: number; stride: number; reach: number }): Walk {
  const [batch, outHeight] = y.shape;
  const walk = walkEach(batch * outHeight, { writes: [y] });
  return { ...walk, reads: [linesRead(x, { ...window, outHeight }, (lines) => lines)], product: true };
}

/** What of the second-level cache the lines in use may take. */
const ringBytes = 2 ** 19;
/** Units that let threads share a layer evenly. */
const enoughUnits = 64;
/** Pixels of the widest tile. */
const tilePixels = 7;

/** Bytes before the ring: addresses of lines of taps, thrice, and a tile that does not go to memory as a whole. */
function tileWork(kh: number, chunk: number): number {
  return Math.ceil((12 * kh) / 64) * 64 + tilePixels * 64 * ((chunk / 16) | 1);
}

/** Channels that go together, whole lines of cache, so that there are units enough and the ring of `pixels` fits the cache. */
function chunksOf(channels: number, lines: number, pixels: number): { parts: number; chunk: number; ring: number } {
  const groups = Math.ceil(channels / 16);
  const bytes = (count: number) => pixels * 64 * (count | 1);
  const parts = Math.min(groups, Math.max(Math.ceil(enoughUnits / Math.max(lines, 1)), Math.ceil(bytes(groups) / ringBytes)));
  const chunk = Math.ceil(groups / parts);
  return { parts: Math.ceil(groups / chunk), chunk: 16 * chunk, ring: bytes(chunk) };
}

/** Weights by vectors of 8 channels; see the kernel for `order`. */
function packedTaps(emit: Emitter, weight: Value, order: readonly number[]) {
  const [kh, kw, , channels] = weight.shape;
  const vectors = Math.ceil(channels / 8);
  return emit.derived(weight, `depthwise ${order}`, vectors * kh * kw * 32, (fill, target) =>
    fill.call("depthwise_f32_pack", [target, weight, kh, kw, channels, ...order], vectors),
  );
}

function normOf({ scale, shift, mean }: Tensors, { lowX, highX }: typeof unbounded) {
  return [scale ?? 0, shift ?? 0, mean ?? 0, lowX, highX];
}

function checkNorm(x: Shape, { scale, shift, mean }: Shapes, fail: (message: string) => never): void {
  const given = [scale, shift, mean].filter((shape) => shape !== undefined);
  if (given.length !== 0 && given.length !== 3) fail("expected scale, shift and mean together");
  for (const shape of given) if (shape.length !== 1 || shape[0] !== x[3]) fail(`scale, shift and mean expect [${x[3]}], got ${formatShape(shape)}`);
}
