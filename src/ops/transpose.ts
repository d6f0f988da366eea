import { formatShape, sizeOf, stridesOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { copyStrided, mergeAxes } from "./lowering/strided.js";

export const transpose = defineOp({
  name: "transpose",
  summary: "y's axis i is x's axis `order[i]`.",
  inputs: ["x"],
  attributes: { order: [] as readonly number[] },
  shape({ x }, { order }, fail) {
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.length)
      fail(`expected an order of the axes 0 to ${x.length - 1}, got ${formatShape(order)}`);
    return order.map((axis) => x[axis]);
  },
  lower(emit, { x, y }, { order }) {
    const from = stridesOf(x.shape);
    const to = stridesOf(y.shape);
    const axes = y.shape.map((size, axis) => ({ size, from: from[order[axis]], to: to[axis] }));
    // [batch, rows, columns] with the last two exchanged, such as NHWC <-> NCHW: whole blocks at a time.
    const merged = mergeAxes(axes);
    const [rows, columns] = merged.slice(-2);
    if (merged.length >= 2 && merged.length <= 3 && rows.from === 1 && columns.from === rows.size && (merged.length === 2 || merged[0].from === merged[0].to)) {
      if (sizeOf(y.shape) > 0)
        emit.call("transpose_f32", [y, x, rows.size, columns.size], (sizeOf(y.shape) / rows.size / columns.size) * Math.ceil(rows.size / 4));
    } else copyStrided(emit, y, x, axes);
  },
  gradient: { x: ({ dy }, { order }): Value => transpose({ x: dy }, { order: order.map((_, axis) => order.indexOf(axis)) }) },
});
