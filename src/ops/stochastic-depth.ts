import { formatShape, sameShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { droppedBelow } from "./dropout.js";

/** Drops the branch x [N, ...] of a residual block for whole images. @see Huang et al. 2016, "Deep networks with stochastic depth"; torchvision `stochastic_depth`, mode "row" */
export const stochasticDepth = defineOp({
  name: "stochasticDepth",
  summary:
    "y = x / (1 - p), or 0 for the whole of an image with probability p, by Philox of `random` (as dropout's) and `stream`; the gradient draws the same again.",
  inputs: ["x", "random"],
  attributes: { p: 0.5, stream: 0 },
  shape({ x, random }, { p }, fail) {
    if (x.length < 1) fail("expected x [N,...]");
    if (!(p >= 0 && p < 1)) fail(`expected p from 0 to below 1, got ${p}`);
    if (!sameShape(random, [4])) fail(`expected random [4], got ${formatShape(random)}`);
    return x;
  },
  lower(emit, { x, y, random }, { p, stream }) {
    const [rows] = x.shape;
    emit.call("stochastic_depth_f32", [y, x, random, sizeOf(x.shape) / Math.max(1, rows), droppedBelow(p), 1 / (1 - p), stream], rows);
  },
  gradient: { x: ({ random, dy }, attributes): Value => stochasticDepth({ x: dy, random }, attributes) },
  flops: ({ y }) => sizeOf(y),
  inPlace: "x",
});
