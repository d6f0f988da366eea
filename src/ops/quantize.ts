import { ShapeError } from "../core/errors.js";
import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { quantizationOf, typeOf } from "./lowering/quantized.js";

/** Activations as bytes: y = x / scale + zeroPoint, rounded to the nearest of 0..127, even of two; NaN gives 0. */
export const quantize = defineOp({
  name: "quantize",
  summary: "y = min(max(round(x / scale) + zeroPoint, 0), 127) as uint8, halves to even.",
  inputs: ["x"],
  attributes: { scale: 1, zeroPoint: 0 },
  shape: ({ x }) => x,
  type({ x }, attributes) {
    if (x.dtype !== "float32") throw new ShapeError(`quantize: x expects float32, got ${x.dtype}`);
    return typeOf(attributes);
  },
  lower: (emit, { x, y }, { scale, zeroPoint }) => emit.call("quantize_u8", [y, x, scale, zeroPoint], Math.ceil(sizeOf(x.shape) / 16)),
  flops: ({ x }) => sizeOf(x),
});

export const dequantize = defineOp({
  name: "dequantize",
  summary: "y = (x - zeroPoint) * scale as float32, by x's own quantisation.",
  inputs: ["x"],
  attributes: {},
  shape: ({ x }) => x,
  type({ x }) {
    quantizationOf("dequantize", "x", x);
    return { dtype: "float32" };
  },
  lower(emit, { x, y }) {
    const { scale, zeroPoint } = quantizationOf("dequantize", "x", x);
    emit.call("dequantize_u8", [y, x, scale, zeroPoint], Math.ceil(sizeOf(x.shape) / 16));
  },
  flops: ({ x }) => sizeOf(x),
});
