import { UnsupportedOpError } from "../core/errors.js";
import { formatShape, sameShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { fill } from "./fill.js";
import { positionsIn } from "./lowering/positions.js";
import { copyStretched } from "./lowering/strided.js";

/** Rows of x by their position. Coordinates are whole numbers as float32; one outside takes the nearest element inside, and none fails. */
export const gatherNd = defineOp({
  name: "gatherNd",
  summary: "y[b, i] = x[b, ...indices[b, i]] with `batchDims` axes b; coordinates count from the end where negative, and are clamped where outside.",
  inputs: ["x", "indices"],
  attributes: { batchDims: 0 },
  shape: ({ x, indices }, { batchDims }, fail) => positionsIn(x, indices, batchDims, fail).rows,
  lower(emit, { x, indices, y }, { batchDims }) {
    if (sizeOf(y.shape) === 0) return;
    const { batch, size, count, inner, coordinates } = positionsIn(x.shape, indices.shape, batchDims);
    emit.call("gather_nd_f32", [y, x, indices, ...coordinates, size, count, inner], batch * count);
  },
  gradient: {
    x: ({ x, indices, dy }, { batchDims }): Value => scatterNd({ x: fill({ x }, { value: 0 }), indices, updates: dy }, { batchDims, reduction: "add" }),
  },
});

/** The kernel's numbers of the reductions. */
const reductions = ["none", "add", "mul", "max", "min"] as const;

type Attributes = { readonly batchDims: number; readonly reduction: (typeof reductions)[number] };

/** The counterpart of `gatherNd`, with its positions; of rows that are named twice the last update stays. Gradients for the reductions none and add. */
export const scatterNd = defineOp({
  name: "scatterNd",
  summary: `y = x, but y[b, ...indices[b, i]] = updates[b, i], or joined with it by \`reduction\`: ${reductions.join(", ")}.`,
  inputs: ["x", "indices", "updates"],
  attributes: { batchDims: 0, reduction: "none" } as Attributes,
  shape({ x, indices, updates }, { batchDims, reduction }, fail) {
    if (!reductions.includes(reduction)) fail(`there is no reduction "${reduction}"`);
    const { rows } = positionsIn(x, indices, batchDims, fail);
    return sameShape(updates, rows) ? x : fail(`expected updates ${formatShape(rows)}`);
  },
  lower(emit, { x, indices, updates, y }, { batchDims, reduction }) {
    copyStretched(emit, y, x, x.shape, y.shape);
    if (sizeOf(updates.shape) === 0) return;
    const { batch, size, count, inner, coordinates } = positionsIn(x.shape, indices.shape, batchDims);
    emit.call("scatter_nd_f32", [y, updates, indices, reductions.indexOf(reduction), ...coordinates, size, count, inner], batch * Math.ceil(inner / 16));
  },
  gradient: {
    x({ indices, updates, dy }, { batchDims, reduction }): Value {
      if (linear(reduction) === "add") return dy;
      return scatterNd({ x: dy, indices, updates: fill({ x: updates }, { value: 0 }) }, { batchDims });
    },
    updates({ indices, dy }, { batchDims, reduction }): Value {
      linear(reduction);
      return gatherNd({ x: dy, indices }, { batchDims });
    },
  },
});

function linear(reduction: Attributes["reduction"]): "none" | "add" {
  if (reduction === "none" || reduction === "add") return reduction;
  throw new UnsupportedOpError(`scatterNd: no gradient for the reduction "${reduction}"`);
}
