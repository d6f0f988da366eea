import { type Shape, sizeOf, stridesOf } from "../core/shape.js";
import type { FileLayout } from "../graph/graph.js";

/** A tensor from its layout in a checkpoint to its layout in memory: OIHW to HWIO, [out, in] to [in, out]. */
export function toMemory(data: Float32Array, layout: FileLayout | undefined): Float32Array {
  return layout ? permute(data, layout.view, layout.order) : data;
}

/** The way back: a tensor as a checkpoint has it. */
export function toFile(data: Float32Array, layout: FileLayout | undefined): Float32Array {
  if (!layout) return data;
  const inverse = layout.order.map((_, axis) => layout.order.indexOf(axis));
  return permute(
    data,
    layout.order.map((axis) => layout.view[axis]),
    inverse,
  );
}

/** Row-major data of `shape` with its axes in another order: axis i of the result is axis `order[i]` of the source. */
function permute(data: Float32Array, shape: Shape, order: readonly number[]): Float32Array {
  const strides = stridesOf(shape);
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const out = new Float32Array(sizeOf(shape));
  const inner = sizes.length - 1;
  const position = new Array<number>(inner).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; ) {
    for (let i = 0, at = from; i < sizes[inner]; i++, at += steps[inner]) out[to++] = data[at];
    for (let axis = inner - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      position[axis] = 0;
    }
  }
  return out;
}
