/** Tensors of a file in another layout or another type, decoded when they are asked for. */
import type { Shape } from "../../core/shape.js";
import { type Constant, constant, type Elements, elementsOf, type StoredTensor } from "../onnx/constant.js";

/** Axes in another order: axis i of the result is axis `order[i]` of `tensor`. */
export function transposed(tensor: StoredTensor, order: readonly number[]): StoredTensor {
  const shape = order.map((axis) => tensor.shape[axis]);
  return { type: tensor.type, shape, decode: () => transposedNumbers(tensor.decode(), order) };
}

/** The same numbers under another shape of as many elements. */
export function reshaped(tensor: StoredTensor, shape: Shape): StoredTensor {
  return { type: tensor.type, shape, decode: () => ({ ...tensor.decode(), shape }) };
}

/** `change` of every number, as float32. */
export function mapped(tensor: StoredTensor, change: (value: number) => number): StoredTensor {
  return { type: "float32", shape: tensor.shape, decode: () => constant("float32", tensor.shape, Float64Array.from(tensor.decode().data, change)) };
}

/** (number - zero point) scale, with one pair for all or one for each index along `axis`; float32. */
export function dequantized(
  shape: Shape,
  numbers: () => ArrayLike<number>,
  { scales, zeroPoints, axis }: { readonly scales: readonly number[]; readonly zeroPoints: readonly number[]; readonly axis: number },
): StoredTensor {
  return {
    type: "float32",
    shape,
    decode() {
      const data = numbers();
      const out = new Float32Array(data.length);
      const inner = scales.length === 1 ? data.length : shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      for (let start = 0, i = 0; start < data.length; start += inner, i = i + 1 === scales.length ? 0 : i + 1) {
        const [scale, zero] = [scales[i], zeroPoints[i]];
        for (let at = start; at < start + inner; at++) out[at] = (data[at] - zero) * scale;
      }
      return { type: "float32", shape, data: out };
    },
  };
}

/** One pass over the result; axes of size 1 cost nothing. */
function transposedNumbers({ type, shape, data }: Constant, order: readonly number[]): Constant {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; stride *= shape[axis--]) strides[axis] = stride;
  const axes = order.filter((axis) => shape[axis] !== 1);
  const out: Elements = elementsOf(type, data.length);
  const inner = axes.pop();
  const [length, step] = inner === undefined ? [1, 0] : [shape[inner], strides[inner]];
  let to = 0;
  const visit = (depth: number, from: number) => {
    if (depth < axes.length) {
      const axis = axes[depth];
      for (let i = 0; i < shape[axis]; i++) visit(depth + 1, from + i * strides[axis]);
    } else for (let i = 0, at = from; i < length; i++, at += step) out[to++] = data[at];
  };
  if (data.length > 0) visit(0, 0);
  return { type, shape: order.map((axis) => shape[axis]), data: out };
}
