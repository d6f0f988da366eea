import { broadcastShapes } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { sumToShape } from "./lowering/broadcast.js";
import { copyStretched } from "./lowering/strided.js";

export const expand = defineOp({
  name: "expand",
  summary: "y = x broadcast with `shape`, whose sizes of 1 leave x's.",
  inputs: ["x"],
  attributes: { shape: [] as readonly number[] },
  shape: ({ x }, { shape }, fail) => broadcastShapes(x, shape) ?? fail(`cannot broadcast to [${shape}]`),
  lower: (emit, { x, y }) => copyStretched(emit, y, x, x.shape, y.shape),
  gradient: { x: ({ x, dy }) => sumToShape(dy, x.shape) },
});
