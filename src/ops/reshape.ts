import { formatShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";

export const reshape = defineOp({
  name: "reshape",
  summary: "y = x's elements in the same order under another shape; no data moves. One size may be -1: what is left.",
  inputs: ["x"],
  attributes: { shape: [] as readonly number[] },
  shape({ x }, { shape }, fail) {
    const known = sizeOf(shape.filter((size) => size !== -1));
    const wild = shape.filter((size) => size === -1).length;
    const out = shape.map((size) => (size === -1 ? sizeOf(x) / known : size));
    if (wild > 1 || !out.every(Number.isInteger) || sizeOf(out) !== sizeOf(x)) fail(`cannot give ${sizeOf(x)} elements the shape ${formatShape(shape)}`);
    return out;
  },
  type: ({ x: { dtype, quantization } }) => ({ dtype, quantization }),
  view: true,
  lower() {},
  gradient: { x: ({ x, dy }): Value => reshape({ x: dy }, { shape: x.shape }) },
});
