import { formatShape, sizeOf, vectorsOf, type Shape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Emitter } from "../graph/op.js";
import { lowerDenseBackwardWeight, sumRows, throughClamp } from "./dense.js";
import { lowerConvolution, lowerConvolutionBackwardWeight } from "./lowering/convolution.js";
import { packed, packedMatrices, panelBytesOf, panelsOf, productCall } from "./lowering/product.js";
import { lowerWinograd, lowerWinogradBackwardWeight, winogradOf } from "./lowering/winograd.js";
import { phasesOf, unitWindow, windowShape, type Phase, type Window } from "./lowering/window.js";

const geometry = { ...unitWindow, groups: 1 };
type Geometry = Window & { readonly groups: number };

export const conv2d = defineOp({
  name: "conv2d",
  summary: "y = min(max(x * weight + bias, low), high), * a convolution (cross-correlation); weight [kh, kw, in / groups, out]",
  inputs: ["x", "weight", "bias?"],
  attributes: { ...geometry, low: -Infinity, high: Infinity },
  shape({ x, weight, bias }, attributes, fail) {
    if (weight.length !== 4) fail("expected weight [kh,kw,in/groups,out]");
    const { groups } = attributes;
    const [, , perGroup, out] = weight;
    const size = windowShape(x, weight, attributes, fail);
    if (!Number.isInteger(groups) || groups < 1 || x[3] % groups !== 0 || out % groups !== 0)
      fail(`${x[3]} input and ${out} output channels are not multiples of ${groups} groups`);
    if (perGroup < 1 || x[3] !== perGroup * groups) fail(`weight expects ${perGroup * groups} input channels, got ${x[3]}`);
    if (bias && (bias.length !== 1 || bias[0] !== out)) fail(`bias expects [${out}], got ${formatShape(bias)}`);
    return [x[0], ...size, out];
  },
  lower(emit, { x, weight, bias, y }, { low, high, ...window }) {
    const [kh, kw, perGroup, out] = weight.shape;
    const [top, , left] = window.padding;
    if (isProduct(weight.shape, window)) {
      const panels = packed(emit, weight, perGroup, out);
      return productCall(emit, { y, a: x, panels, bias, rows: pixelsOf(y.shape), columns: out, depth: perGroup, low, high });
    }
    const size = winogradOf(emit, weight.shape, window, [y.shape[1], y.shape[2], perGroup, out]);
    if (size) return lowerWinograd(emit, { x, weight, bias, y }, size, [-top, -left], { low, high });
    const panels = packed(emit, weight, kh * kw * perGroup, out / window.groups, window.groups);
    const reads = [kh, kw, -top, -left, ...window.dilation, ...window.stride];
    lowerConvolution(emit, { x, panels, bias, y }, window.groups, reads, y.shape.slice(1, 3), [0, 0, 1, 1], low, high);
  },
  gradient: {
    x: ({ x, weight, y, dy }, { low, high, ...window }) =>
      conv2dBackwardX({ dy: throughClamp({ y, dy }, { low, high }), weight }, { ...window, size: x.shape.slice(1, 3) }),
    weight: ({ x, weight, y, dy }, { low, high, ...window }) =>
      conv2dBackwardWeight({ x, dy: throughClamp({ y, dy }, { low, high }) }, { ...window, kernel: weight.shape.slice(0, 2) }),
    bias: ({ y, dy }, clamp) => sumRows(throughClamp({ y, dy }, clamp)),
  },
  flops: ({ y, weight }) => 2 * sizeOf(y) * sizeOf(weight.slice(0, 3)),
});

export const conv2dBackwardX = defineOp({
  name: "conv2dBackwardX",
  summary: "dx of conv2d for an input of size [height, width]: each pixel gathers dy through the taps that read it",
  inputs: ["dy", "weight"],
  outputs: ["dx"],
  attributes: { ...geometry, size: [0, 0] as readonly number[] },
  shape: ({ dy, weight }, { size, groups }) => [dy[0], size[0], size[1], weight[2] * groups],
  lower(emit, { dy, weight, dx }, { size, ...window }) {
    const { stride, padding, dilation, groups } = window;
    const [kh, kw, perGroup, out] = weight.shape;
    if (isProduct(weight.shape, window)) {
      const panels = packedMatrices(emit, weight, 1, out, perGroup, true);
      return productCall(emit, { y: dx, a: dy, panels, rows: pixelsOf(dy.shape), columns: perGroup, depth: out });
    }
    const tile = winogradOf(emit, weight.shape, window, [size[0], size[1], out, perGroup]);
    if (tile) return lowerWinograd(emit, { x: dy, weight, y: dx }, tile, [padding[0] - 2, padding[2] - 2], { flipped: true });
    const rows = phasesOf(size[0], kh, stride[0], padding[0], dilation[0]);
    const columns = phasesOf(size[1], kw, stride[1], padding[2], dilation[1]);
    if ([...rows, ...columns].some(({ taps }) => taps === 0)) emit.call("fill_f32", [dx, 0], vectorsOf(dx.shape));
    for (const y of rows.filter(({ taps }) => taps > 0)) {
      for (const x of columns.filter(({ taps }) => taps > 0)) {
        const panels = packedTaps(emit, weight, groups, y, x);
        const reads = [y.taps, x.taps, y.origin, x.origin, y.step, x.step, 1, 1];
        lowerConvolution(emit, { x: dy, panels, y: dx }, groups, reads, [y.points, x.points], [y.phase, x.phase, ...stride]);
      }
    }
  },
  flops: ({ dy, weight }) => 2 * sizeOf(dy) * sizeOf(weight.slice(0, 3)),
});

export const conv2dBackwardWeight = defineOp({
  name: "conv2dBackwardWeight",
  summary: "dweight of conv2d for a kernel [kh, kw]",
  inputs: ["x", "dy"],
  outputs: ["dweight"],
  attributes: { ...geometry, kernel: [1, 1] as readonly number[] },
  shape: ({ x, dy }, { kernel, groups }) => [kernel[0], kernel[1], x[3] / groups, dy[3]],
  lower(emit, { x, dy, dweight }, { kernel, groups, ...window }) {
    if (isProduct(dweight.shape, { ...window, groups })) return lowerDenseBackwardWeight(emit, x, dy, dweight, pixelsOf(dy.shape));
    const [top, , left] = window.padding;
    const size = winogradOf(emit, kernel, { ...window, groups }, [dy.shape[1], dy.shape[2], x.shape[3], dy.shape[3]]);
    if (size === 4) return lowerWinogradBackwardWeight(emit, { x, dy, dweight }, [-top, -left]);
    const reads = [...kernel, -top, -left, ...window.dilation, ...window.stride];
    lowerConvolutionBackwardWeight(emit, { x, dy, dweight }, x.shape.slice(1), groups, reads, dy.shape);
  },
  flops: ({ dy, dweight }) => 2 * sizeOf(dy) * sizeOf(dweight.slice(0, 3)),
});

const pixelsOf = ([n, height, width]: Shape) => n * height * width;

/** 1x1 without stride and padding: a matrix product as it stands. */
function isProduct([kh, kw]: Shape, { stride, padding, groups }: Geometry): boolean {
  return kh === 1 && kw === 1 && groups === 1 && [...stride, ...padding].join() === "1,1,0,0,0,0";
}

/** Panels of a weight's taps in the order in which one phase of the input's gradient meets them. */
function packedTaps(emit: Emitter, weight: Value, groups: number, y: Phase, x: Phase) {
  const [, kw, perGroup, out] = weight.shape;
  const filters = out / groups;
  const taps = [y.taps, x.taps, y.first, x.first, y.tapStep, x.tapStep];
  return emit.derived(weight, `taps ${groups} ${taps}`, groups * panelBytesOf(y.taps * x.taps * filters, perGroup, emit.build), (fill, target) =>
    fill.call("pack_f32_transposed", [target, weight, kw, perGroup, filters, out * 4, filters * 4, ...taps], groups * panelsOf(perGroup, emit.build)),
  );
}
