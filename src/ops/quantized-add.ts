import { formatShape, sameShape, sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { quantizationOf, resultAttributes, storedBounds, typeOf } from "./lowering/quantized.js";

export const quantizedAdd = defineOp({
  name: "quantizedAdd",
  summary: "y = min(max(a + b, low), high) of quantised a and b in one shape, quantised by scale and zeroPoint, halves to even.",
  inputs: ["a", "b"],
  attributes: { ...resultAttributes, scale: 1 },
  shape: ({ a, b }, _, fail) => (sameShape(a, b) ? a : fail(`expected b in the shape of a, ${formatShape(a)}`)),
  type({ a, b }, attributes) {
    quantizationOf("quantizedAdd", "a", a);
    quantizationOf("quantizedAdd", "b", b);
    return typeOf(attributes);
  },
  lower(emit, { a, b, y }, attributes) {
    const [first, second] = [quantizationOf("quantizedAdd", "a", a), quantizationOf("quantizedAdd", "b", b)];
    const { scale, zeroPoint } = attributes;
    const offset = -(first.zeroPoint * first.scale + second.zeroPoint * second.scale) / scale;
    const numbers = [first.scale / scale, second.scale / scale, offset, zeroPoint, ...storedBounds(attributes)];
    emit.call("add_u8", [y, a, b, ...numbers], Math.ceil(sizeOf(y.shape) / 16));
  },
  flops: ({ y }) => sizeOf(y),
});
