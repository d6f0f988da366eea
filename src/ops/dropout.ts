import { formatShape, sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";

/** The random word below which something is dropped with probability p. */
export const droppedBelow = (p: number) => Math.min(Math.round(p * 2 ** 32), 2 ** 32 - 1);

export const dropout = defineOp({
  name: "dropout",
  summary:
    "y = x / (1 - p), or 0 with probability p, by Philox(`random`: int32 [4] = seed low, seed high, step, 0) and `stream`; the gradient draws the same mask again.",
  inputs: ["x", "random"],
  attributes: { p: 0.5, stream: 0 },
  shape({ x, random }, { p }, fail) {
    if (!(p >= 0 && p < 1)) fail(`expected p from 0 to below 1, got ${p}`);
    if (!sameShape(random, [4])) fail(`expected random [4], got ${formatShape(random)}`);
    return x;
  },
  lower: (emit, { x, y, random }, { p, stream }) => emit.call("dropout_f32", [y, x, random, droppedBelow(p), 1 / (1 - p), stream], vectorsOf(y.shape)),
  gradient: { x: ({ random, dy }, attributes): Value => dropout({ x: dy, random }, attributes) },
  flops: ({ y }) => 2 * sizeOf(y),
  inPlace: "x",
});
