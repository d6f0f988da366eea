import type { Shape } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { axisOf, positiveAxis } from "./lowering/axis.js";
import { copyInto } from "./lowering/strided.js";
import { slice } from "./slice.js";

/** x0, x1, ... in order, from the shapes or tensors of a node. */
const parts = <T>(named: Record<string, T>): T[] =>
  Object.keys(named)
    .filter((name) => /^x\d+$/.test(name))
    .map((name) => named[name]);
/** Where part `index` begins: at 0 but along `axis`. */
const startsOf = (shapes: readonly Shape[], axis: number, index: number) =>
  shapes[index].map((_, i) => (i === axis ? shapes.slice(0, index).reduce((sum, shape) => sum + shape[axis], 0) : 0));

export const concat = defineOp({
  name: "concat",
  summary: "y = x0, x1, ... one after another along `axis` (from the end where negative); the other sizes are equal.",
  inputs: ["x"],
  variadic: true,
  attributes: { axis: 0 },
  shape(named, attributes, fail) {
    const shapes = parts(named);
    const axis = axisOf(attributes.axis, shapes[0], fail);
    const odd = shapes.findIndex((shape) => shape.length !== shapes[0].length || shape.some((size, i) => i !== axis && size !== shapes[0][i]));
    if (odd !== -1) fail(`x${odd} differs from x0 outside axis ${axis}`);
    return shapes[0].map((size, i) => (i === axis ? shapes.reduce((sum, shape) => sum + shape[axis], 0) : size));
  },
  lower(emit, { y, ...tensors }, { axis }) {
    const shapes = parts(tensors).map((value) => value.shape);
    parts(tensors).forEach((x, i) => copyInto(emit, y, x, startsOf(shapes, positiveAxis(axis, y.shape), i)));
  },
  gradient: {
    x({ dy, ...tensors }, { axis }, index) {
      const shapes = parts(tensors).map((value) => value.shape);
      return slice({ x: dy }, { starts: startsOf(shapes, positiveAxis(axis, dy.shape), index), sizes: shapes[index] });
    },
  },
});
