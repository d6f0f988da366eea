import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { inputsOfLayer, resultAttributes, resultType } from "./lowering/quantized.js";
import { unitWindow } from "./lowering/window.js";
import { lowerQuantizedProduct } from "./quantized-conv2d.js";

/** dense of bytes by int8 weights in int32, as `quantizedConv2d`. */
export const quantizedDense = defineOp({
  name: "quantizedDense",
  summary: "y = min(max(x (weight weightScale) + bias, low), high) over the last axis of quantised x; weight int8 [in, out].",
  inputs: inputsOfLayer,
  attributes: resultAttributes,
  shape({ x, weight }, _, fail) {
    if (x.length < 2 || weight.length !== 2) fail("expected x [..., rows, in] and weight [in, out]");
    if (x[x.length - 1] !== weight[0]) fail(`weight expects ${weight[0]} inputs, got ${x[x.length - 1]}`);
    return [...x.slice(0, -1), weight[1]];
  },
  type: (tensors, attributes) => resultType("quantizedDense", tensors, attributes),
  lower(emit, tensors, attributes) {
    const [depth, columns] = tensors.weight.shape;
    const rows = sizeOf(tensors.x.shape.slice(0, -1));
    lowerQuantizedProduct(emit, tensors, [rows, 1, 1, depth], [1, 1, depth, columns], [rows, 1, 1], { ...unitWindow, ...attributes });
  },
  flops: ({ y, weight }) => 2 * sizeOf(y) * weight[0],
});
