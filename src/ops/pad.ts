import { formatShape, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { copyInto } from "./lowering/strided.js";
import { slice } from "./slice.js";

export const pad = defineOp({
  name: "pad",
  summary: "y = x with `before` and `after` elements of `value` around it: one entry per axis.",
  inputs: ["x"],
  attributes: { before: [] as readonly number[], after: [] as readonly number[], value: 0 },
  shape({ x }, { before, after }, fail) {
    if (before.length !== x.length || after.length !== x.length || [...before, ...after].some((size) => !Number.isInteger(size) || size < 0)) {
      fail(`expected ${x.length} sizes of 0 or more before and after, got ${formatShape(before)} and ${formatShape(after)}`);
    }
    return x.map((size, axis) => before[axis] + size + after[axis]);
  },
  lower(emit, { x, y }, { before, value }) {
    emit.call("fill_f32", [y, value], vectorsOf(y.shape));
    copyInto(emit, y, x, before);
  },
  gradient: { x: ({ x, dy }, { before }) => slice({ x: dy }, { starts: before, sizes: x.shape }) },
});
