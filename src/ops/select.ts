import { broadcastShapes, sizeOf, vectorsOf, type Shape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { fill } from "./fill.js";
import { sumToShape } from "./lowering/broadcast.js";
import { copyStretched } from "./lowering/strided.js";

export const select = defineOp({
  name: "select",
  summary: "y = a where condition is not 0, else b, with NumPy's broadcasting.",
  inputs: ["condition", "a", "b"],
  attributes: {},
  shape({ condition, a, b }, _, fail) {
    const both = broadcastShapes(a, b);
    return (both && broadcastShapes(condition, both)) ?? fail("expected shapes that broadcast (equal sizes or 1, from the right)");
  },
  lower(emit, { condition, a, b, y }) {
    const size = sizeOf(y.shape);
    if (size === 0) return;
    const stretched = (x: Value) => {
      if ([1, size].includes(sizeOf(x.shape))) return x;
      const full = emit.scratch(4 * size);
      copyStretched(emit, full, x, x.shape, y.shape);
      return full;
    };
    const step = ({ shape }: { shape: Shape }) => Number(sizeOf(shape) > 1);
    emit.call("select_f32", [y, stretched(condition), stretched(a), stretched(b), step(condition), step(a), step(b)], vectorsOf(y.shape));
  },
  gradient: {
    a: ({ condition, a, dy }): Value => sumToShape(select({ condition, a: dy, b: fill({ x: dy }, { value: 0 }) }), a.shape),
    b: ({ condition, b, dy }): Value => sumToShape(select({ condition, a: fill({ x: dy }, { value: 0 }), b: dy }), b.shape),
  },
  flops: ({ y }) => sizeOf(y),
});
