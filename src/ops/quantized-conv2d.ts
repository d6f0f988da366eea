import { formatShape, sameShape, sizeOf } from "../core/shape.js";
import { defineOp, type Emitter, type Tensors } from "../graph/op.js";
import { blocksOf, panelBytesOf, panelsOf, tileBytesOf } from "./lowering/product.js";
import {
  byteBuildOf,
  inputsOfLayer,
  quantizationOf,
  requantization,
  residualFactor,
  type ResultAttributes,
  resultAttributes,
  resultType,
  storedBounds,
} from "./lowering/quantized.js";
import { unitWindow, type Window, windowShape } from "./lowering/window.js";

/**
 * conv2d of bytes by int8 weights in int32. The result is rounded once, with bias and residual, halves to even; the same
 * whole numbers in every build and engine. Scale 0 gives floats.
 */
export const quantizedConv2d = defineOp({
  name: "quantizedConv2d",
  summary:
    "y = min(max(x * (weight weightScale) + bias + residual, low), high), * a convolution of quantised x; weight int8 [kh, kw, in, out], y quantised by scale and zeroPoint.",
  inputs: [...inputsOfLayer, "residual?"],
  attributes: { ...unitWindow, ...resultAttributes },
  shape({ x, weight, residual }, attributes, fail) {
    if (weight.length !== 4) fail("expected weight [kh,kw,in,out]");
    const size = windowShape(x, weight, attributes, fail);
    if (x[3] !== weight[2]) fail(`weight expects ${weight[2]} input channels, got ${x[3]}`);
    const y = [x[0], ...size, weight[3]];
    if (residual && !sameShape(residual, y)) fail(`residual expects ${formatShape(y)}, got ${formatShape(residual)}`);
    return y;
  },
  type: (tensors, attributes) => resultType("quantizedConv2d", tensors, attributes),
  lower: (emit, tensors, attributes) => lowerQuantizedProduct(emit, tensors, tensors.x.shape, tensors.weight.shape, tensors.y.shape, attributes),
  flops: ({ y, weight }) => 2 * sizeOf(y) * sizeOf(weight.slice(0, 3)),
});

/** Row blocks of an im2col matrix are as long as a line of the cache or more, and never a power of two of lines. */
const rowBytesOf = (bytes: number) => (Math.ceil(bytes / 64) | 1) * 64;
/** Bytes that copying rows in whole vectors may write past the last. */
const overrun = 64;

/** A convolution of x [N, H, W, C] by weight [kh, kw, C, out] to y [N, OH, OW, out]. */
export function lowerQuantizedProduct(
  emit: Emitter,
  tensors: Tensors,
  x: readonly number[],
  [kh, kw, channels, out]: readonly number[],
  [batch, outHeight, outWidth]: readonly number[],
  { stride, padding, dilation, ...result }: Window & ResultAttributes,
): void {
  const { y, weight, residual } = tensors;
  const depth = kh * kw * channels;
  const build = byteBuildOf(emit.build);
  const perStep = build === "simd" ? 2 : 4;
  const panels = emit.derived(weight, "bytes", panelBytesOf(Math.ceil(depth / perStep), out, build), (fill, target) =>
    fill.call("pack_i8", [target, weight, depth, out], panelsOf(out, build)),
  );
  const constants = requantization(emit, tensors, depth, result);
  const blocks = blocksOf(batch * outHeight * outWidth);
  const most = Math.ceil((batch * outHeight * outWidth) / Math.max(blocks, 1));
  // `simd` takes operands of two bytes, so its rows are always copies.
  const asTheyStand = perStep === 4 && kh === 1 && kw === 1 && [...stride, ...padding].join() === "1,1,0,0,0,0";
  const row = asTheyStand ? 0 : rowBytesOf((depth * 4) / perStep);
  const work = emit.workspace(tileBytesOf(build) + most * row + overrun);
  const reads = [kh, kw, -padding[0], -padding[2], ...dilation, ...stride];
  const { zeroPoint } = quantizationOf("quantizedConv2d", "x", tensors.x);
  const stored = [result.zeroPoint, residualFactor(residual, result), ...storedBounds(result), +(result.scale === 0)];
  emit.call(
    "conv2d_u8",
    [y, tensors.x, panels, ...constants, residual ?? 0, work, ...x.slice(1), ...reads, batch, outHeight, outWidth, out, blocks, row, zeroPoint, ...stored],
    blocks * panelsOf(out, build),
  );
}
