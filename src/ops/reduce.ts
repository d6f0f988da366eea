import { sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { combine } from "./combine.js";
import { fill } from "./fill.js";
import { eachRun, reducedShape } from "./lowering/reduce.js";
import { map } from "./map.js";
import { mul } from "./mul.js";
import { reshape } from "./reshape.js";
import { select } from "./select.js";
import { sum } from "./sum.js";

/** The kernel's numbers of the functions. */
const functions = ["max", "min", "prod"] as const;

type Attributes = {
  readonly fn: (typeof functions)[number];
  readonly axes: readonly number[];
  readonly keepDims: boolean;
};

/** `sum` and `mean` are ops of their own. Over no elements: -infinity, infinity, 1. Equal extremes share their gradient. */
export const reduce = defineOp({
  name: "reduce",
  summary: `y = fn of x over \`axes\`, which go or stay as size 1; fn one of ${functions.join(", ")}.`,
  inputs: ["x"],
  attributes: { fn: "max", axes: [], keepDims: false } as Attributes,
  shape: ({ x }, { fn, axes, keepDims }, fail) => (functions.includes(fn) ? reducedShape(x, axes, keepDims, fail) : fail(`there is no function "${fn}"`)),
  lower: (emit, tensors, { fn, axes }) =>
    eachRun(emit, tensors, axes, (to, from, [outer, length, inner]) =>
      emit.call("reduce_f32", [to, from, functions.indexOf(fn), length, inner], outer * Math.ceil(inner / 16)),
    ),
  gradient: {
    x({ x, y, dy }, { fn, axes }): Value {
      const shape = reducedShape(x.shape, axes, true);
      const [kept, slope] = [y, dy].map((value) => reshape({ x: value }, { shape }));
      const total = (value: Value) => sum({ x: value }, { axes, keepDims: true });
      if (fn !== "prod") {
        const extreme = combine({ a: x, b: kept }, { fn: "equal" });
        return mul({ a: extreme, b: combine({ a: slope, b: total(extreme) }, { fn: "div" }) });
      }
      // The product of the others: of all that are not 0 by this one, unless another is 0.
      const isZero = map({ x }, { fn: "not" });
      const factor = select({ condition: isZero, a: isZero, b: x });
      const others = combine({ a: reduce({ x: factor }, { fn, axes, keepDims: true }), b: factor }, { fn: "div" });
      const counts = combine({ a: isZero, b: total(isZero) }, { fn: "equal" });
      return mul({ a: select({ condition: counts, a: others, b: fill({ x }, { value: 0 }) }), b: slope });
    },
  },
  flops: ({ x }) => sizeOf(x),
});
