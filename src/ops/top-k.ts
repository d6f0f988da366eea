import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { axisOf, sizesAround } from "./lowering/axis.js";

/** The extremes of each line in order, equal ones by their place (float32 whole numbers in `indices`). NaN counts as the largest number. */
export const topK = defineOp({
  name: "topK",
  summary: "values, indices = the k largest (`smallest`: smallest) of x along `axis`, and their places.",
  inputs: ["x"],
  outputs: ["values", "indices"],
  attributes: { axis: -1, k: 1, smallest: false as boolean },
  shape({ x }, { axis, k }, fail) {
    const at = axisOf(axis, x, fail);
    if (!Number.isInteger(k) || k < 0 || k > x[at]) fail(`expected k from 0 to ${x[at]}, got ${k}`);
    const shape = x.map((size, i) => (i === at ? k : size));
    return { values: shape, indices: shape };
  },
  lower(emit, { x, values, indices }, { axis, k, smallest }) {
    if (k === 0) return;
    const [outer, length, inner] = sizesAround(x.shape, axis);
    emit.call("top_k_f32", [values, indices, x, emit.workspace(8 * k), k, length, inner, Number(smallest)], outer * inner);
  },
  flops: ({ x }) => sizeOf(x),
});
