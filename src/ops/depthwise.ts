import { formatShape, sizeOf, vectorsOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Emitter } from "../graph/op.js";
import { sumRows, throughClamp } from "./dense.js";
import { phasesOf, unitWindow, windowShape } from "./lowering/window.js";

export const depthwiseConv2d = defineOp({
  name: "depthwiseConv2d",
  summary: "y = min(max(x * weight + bias, low), high), each channel convolved with its own kernel; weight [kh, kw, 1, C]",
  inputs: ["x", "weight", "bias?"],
  attributes: { ...unitWindow, low: -Infinity, high: Infinity },
  shape({ x, weight, bias }, attributes, fail) {
    if (weight.length !== 4 || weight[2] !== 1) fail("expected weight [kh,kw,1,C]");
    const size = windowShape(x, weight, attributes, fail);
    if (weight[3] !== x[3]) fail(`weight expects ${weight[3]} channels, got ${x[3]}`);
    if (bias && (bias.length !== 1 || bias[0] !== x[3])) fail(`bias expects [${x[3]}], got ${formatShape(bias)}`);
    return [x[0], ...size, x[3]];
  },
  lower(emit, { x, weight, bias, y }, { stride, padding, dilation, low, high }) {
    const [kh, kw] = weight.shape;
    const packed = packedTaps(emit, weight, [kh, kw, 0, 0, 1, 1]);
    const reads = [kh, kw, -padding[0], -padding[2], ...dilation, ...stride];
    lowerDepthwise(emit, { x, packed, bias, y }, reads, y.shape.slice(1, 3), [0, 0, 1, 1], low, high);
  },
  gradient: {
    x: ({ x, weight, y, dy }, { low, high, ...window }) =>
      depthwiseBackwardX({ dy: throughClamp({ y, dy }, { low, high }), weight }, { ...window, size: x.shape.slice(1, 3) }),
    weight: ({ x, weight, y, dy }, { low, high, ...window }) =>
      depthwiseBackwardWeight({ x, dy: throughClamp({ y, dy }, { low, high }) }, { ...window, kernel: weight.shape.slice(0, 2) }),
    bias: ({ y, dy }, clamp) => sumRows(throughClamp({ y, dy }, clamp)),
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
  lower(emit, { dy, weight, dx }, { stride, padding, dilation, size }) {
    const rows = phasesOf(size[0], weight.shape[0], stride[0], padding[0], dilation[0]);
    const columns = phasesOf(size[1], weight.shape[1], stride[1], padding[2], dilation[1]);
    if ([...rows, ...columns].some(({ taps }) => taps === 0)) emit.call("fill_f32", [dx, 0], vectorsOf(dx.shape));
    for (const y of rows.filter(({ taps }) => taps > 0)) {
      for (const x of columns.filter(({ taps }) => taps > 0)) {
        const packed = packedTaps(emit, weight, [y.taps, x.taps, y.first, x.first, y.tapStep, x.tapStep]);
        const reads = [y.taps, x.taps, y.origin, x.origin, y.step, x.step, 1, 1];
        lowerDepthwise(emit, { x: dy, packed, y: dx }, reads, [y.points, x.points], [y.phase, x.phase, ...stride]);
      }
    }
  },
  flops: ({ dy, weight }) => 2 * sizeOf(dy) * weight[0] * weight[1],
});

export const depthwiseBackwardWeight = defineOp({
  name: "depthwiseBackwardWeight",
  summary: "dweight of depthwiseConv2d for a kernel [kh, kw]",
  inputs: ["x", "dy"],
  outputs: ["dweight"],
  attributes: { ...unitWindow, kernel: [1, 1] as readonly number[] },
  shape: ({ x }, { kernel }) => [kernel[0], kernel[1], 1, x[3]],
  lower(emit, { x, dy, dweight }, { stride, padding, dilation, kernel }) {
    const [kh, kw] = kernel;
    const padded = (dy.shape[2] - 1) * stride[1] + (kw - 1) * dilation[1] + 1;
    const work = emit.workspace((kh * kw + ((kh - 1) * dilation[0] + 1) * padded) * vectorsTogether * 16);
    const reads = [kh, kw, -padding[0], -padding[2], ...dilation, ...stride];
    emit.call(
      "depthwise_f32_backward_weight",
      [dweight, x, dy, work, ...x.shape.slice(1), ...reads, ...dy.shape.slice(0, 3), padded],
      Math.ceil(x.shape[3] / 4),
    );
  },
  flops: ({ dy }, { kernel }) => 2 * sizeOf(dy) * kernel[0] * kernel[1],
});

/** Vectors of 4 channels that go together: whole cache lines are read, and the lines of x in use stay in the first-level cache. */
const vectorsTogether = 8;
/** Units that let threads share a layer evenly. */
const enoughUnits = 64;

/** Weights by vectors of 4 channels; `taps`: counts, first and step along y and x. */
function packedTaps(emit: Emitter, weight: Value, taps: readonly number[]) {
  const [, kw, , channels] = weight.shape;
  const vectors = Math.ceil(channels / 4);
  return emit.derived(weight, `depthwise ${taps}`, vectors * taps[0] * taps[1] * 16, (fill, target) =>
    fill.call("depthwise_f32_pack", [target, weight, kw, channels, ...taps], vectors),
  );
}

/** A depthwise convolution over a lattice of output pixels; see the kernel for `reads` and `writes`. */
function lowerDepthwise(
  emit: Emitter,
  { x, packed, bias, y }: { x: Value; packed: ReturnType<Emitter["derived"]>; bias?: Value; y: Value },
  reads: readonly number[],
  lattice: readonly number[],
  writes: readonly number[],
  low = -Infinity,
  high = Infinity,
): void {
  const lines = x.shape[0] * lattice[0];
  const vectors = Math.ceil(x.shape[3] / 4);
  const chunks = Math.max(1, Math.min(Math.ceil(vectors / vectorsTogether), Math.ceil(enoughUnits / Math.max(lines, 1))));
  const chunk = Math.max(1, Math.ceil(vectors / chunks));
  const window = [...x.shape.slice(1), ...reads, x.shape[0], ...lattice, ...y.shape.slice(1, 3), ...writes];
  emit.call("depthwise_f32", [y, x, packed, bias ?? 0, emit.workspace(64), ...window, chunk, low, high], Math.ceil(vectors / chunk) * lines);
}
