import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { inputsOfLayer, quantizationOf, requantization, resultAttributes, resultType, storedBounds } from "./lowering/quantized.js";
import { unitWindow, windowShape } from "./lowering/window.js";

/** depthwiseConv2d of bytes by int8 weights in int32, rounded as `quantizedConv2d`. */
export const quantizedDepthwise = defineOp({
  name: "quantizedDepthwise",
  summary:
    "y = min(max(x * (weight weightScale) + bias, low), high), each channel of quantised x convolved with its own kernel; weight int8 [kh, kw, 1, C], y quantised by scale and zeroPoint.",
  inputs: inputsOfLayer,
  attributes: { ...unitWindow, ...resultAttributes },
  shape({ x, weight }, attributes, fail) {
    if (weight.length !== 4 || weight[2] !== 1) fail("expected weight [kh,kw,1,C]");
    const size = windowShape(x, weight, attributes, fail);
    if (weight[3] !== x[3]) fail(`weight expects ${weight[3]} channels, got ${x[3]}`);
    return [x[0], ...size, x[3]];
  },
  type: (tensors, attributes) => resultType("quantizedDepthwise", tensors, attributes),
  lower(emit, tensors, { stride, padding, dilation, ...result }) {
    const { x, y, weight } = tensors;
    const [kh, kw, , channels] = weight.shape;
    const [batch, height, width] = x.shape;
    const [, outHeight, outWidth] = y.shape;
    const groups = Math.ceil(kh / (emit.build === "simd" ? 2 : 4));
    const vectors = Math.ceil(channels / 4);
    const packed = emit.derived(weight, "interleaved", vectors * groups * kw * 16, (fill, target) =>
      fill.call("depthwise_i8_pack", [target, weight, kh, kw, channels], vectors),
    );
    const constants = requantization(emit, tensors, kh * kw, result);
    // A tile of 4 pixels may begin at the last pixel of a line.
    const columns = (outWidth + 2) * stride[1] + (kw - 1) * dilation[1] + 1;
    const parts = Math.ceil(channels / 16);
    const chunks = Math.ceil(parts / Math.max(1, Math.floor(nearBytes / (columns * groups * 64))));
    const chunk = Math.ceil(parts / Math.max(chunks, 1));
    const work = emit.workspace((groups * columns * 4 + 1) * chunk * 16 + tileBytes);
    const reads = [kh, kw, -padding[0], -padding[2], ...dilation, ...stride];
    const { zeroPoint } = quantizationOf("quantizedDepthwise", "x", x);
    const stored = [result.zeroPoint, ...storedBounds(result), +(result.scale === 0)];
    emit.call(
      "depthwise_u8",
      [y, x, packed, ...constants, work, height, width, channels, ...reads, batch, outHeight, outWidth, chunk, columns, zeroPoint, ...stored],
      Math.ceil(parts / Math.max(chunk, 1)) * batch * outHeight,
    );
  },
  flops: ({ y, weight }) => 2 * sizeOf(y) * weight[0] * weight[1],
});

/** Interleaved lines that stay in the first-level cache beside weights and results. */
const nearBytes = 24 * 1024;
/** 4 pixels x 4 channels of floats. */
const tileBytes = 64;
