import { sizeOf, vectorsOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Tensors } from "../graph/op.js";
import { add } from "./add.js";
import { clip } from "./clip.js";
import { fill } from "./fill.js";
import { broadcastShape, kernelAxes, stretchedAxes, sumToShape } from "./lowering/broadcast.js";
import { walkVectors } from "./lowering/walk.js";
import { map } from "./map.js";
import { mul } from "./mul.js";
import { select } from "./select.js";

type Slope = (tensors: Tensors) => Value;
interface Slopes {
  readonly a: Slope;
  readonly b: Slope;
}

const neg = (x: Value) => map({ x }, { fn: "neg" });
const times = (a: Value, b: Value) => mul({ a, b });
const zero: Slope = ({ dy }) => fill({ x: dy }, { value: 0 });
const steps: Slopes = { a: zero, b: zero };
/** Equal operands share. */
const share = (a: Value, b: Value) => combine({ a, b }, { fn: "heaviside" });
/** A remainder a - n b, n whole. */
const remainder = (rounds: "floor" | "trunc"): Slopes => ({
  a: ({ dy }) => dy,
  b: ({ a, b, dy }) => neg(times(dy, map({ x: combine({ a, b }, { fn: "div" }) }, { fn: rounds }))),
});

/** The kernel's numbers of the functions. */
const functions = [
  "sub",
  "div",
  "pow",
  "min",
  "max",
  "mod",
  "fmod",
  "equal",
  "less",
  "lessOrEqual",
  "greater",
  "greaterOrEqual",
  "and",
  "or",
  "xor",
  "prelu",
  "heaviside",
] as const;

/** Gradients before they are summed to their operand's shape. */
const slopes: Record<CombineFunction, Slopes> = {
  sub: { a: ({ dy }) => dy, b: ({ dy }) => neg(dy) },
  div: { a: ({ b, dy }) => combine({ a: dy, b }, { fn: "div" }), b: ({ b, y, dy }) => neg(combine({ a: times(dy, y), b }, { fn: "div" })) },
  pow: {
    a: ({ a, b, dy }) => times(times(dy, b), combine({ a, b: map({ x: b }, { fn: "affine", alpha: 1, beta: -1 }) }, { fn: "pow" })),
    // y log(a), where log(0) counts as 0: so does y.
    b: ({ a, y, dy }) => times(times(dy, y), map({ x: add({ a, b: map({ x: a }, { fn: "not" }) }) }, { fn: "log" })),
  },
  min: { a: ({ a, b, dy }) => times(dy, share(b, a)), b: ({ a, b, dy }) => times(dy, share(a, b)) },
  max: { a: ({ a, b, dy }) => times(dy, share(a, b)), b: ({ a, b, dy }) => times(dy, share(b, a)) },
  mod: remainder("floor"),
  fmod: remainder("trunc"),
  equal: steps,
  less: steps,
  lessOrEqual: steps,
  greater: steps,
  greaterOrEqual: steps,
  and: steps,
  or: steps,
  xor: steps,
  prelu: {
    a: ({ a, b, dy }) => select({ condition: map({ x: a }, { fn: "above", alpha: 0 }), a: dy, b: times(dy, b) }),
    b: ({ a, dy }) => times(dy, clip({ x: a }, { high: 0 })),
  },
  heaviside: steps,
};

/**
 * What `combine` computes. `mod` has the sign of b, `fmod` that of a; `min` and `max` are NaN where an operand is, `pow` treats special values as
 * IEEE 754 does; comparisons and logic give 1 or 0 and take any number but 0 for true; `prelu` is a where a >= 0, else a b; `heaviside` is 1
 * where a > b, 1/2 where they are equal.
 */
export type CombineFunction = (typeof functions)[number];

/** Two operands element by element; `add` and `mul` are ops of their own. */
export const combine = defineOp({
  name: "combine",
  summary: `y = fn(a, b) with NumPy's broadcasting, fn one of ${functions.join(", ")}.`,
  inputs: ["a", "b"],
  attributes: { fn: "sub" } as { readonly fn: CombineFunction },
  shape: (shapes, { fn }, fail) => (functions.includes(fn) ? broadcastShape(shapes, fail) : fail(`there is no function "${fn}"`)),
  lower(emit, { a, b, y }, { fn }) {
    if (sizeOf(y.shape) === 0) return;
    const number = functions.indexOf(fn);
    const axes = stretchedAxes(y.shape, a.shape, b.shape);
    if (axes.length < 2) {
      const [{ a: aStep, b: bStep }] = [...axes, { a: 0, b: 0 }];
      const reads = [...(aStep ? [a] : []), ...(bStep ? [b] : [])];
      return emit.call("combine_f32", [y, a, b, number, aStep, bStep], vectorsOf(y.shape), walkVectors({ reads, writes: [y] }, y));
    }
    const { sizes, strides } = kernelAxes(y.shape, a.shape, b.shape);
    emit.call("combine_f32_strided", [y, a, b, number, ...sizes.slice(1), ...strides], sizeOf(y.shape) / (sizes.at(-1) as number));
  },
  gradient: {
    a: (tensors, { fn }): Value => sumToShape(slopes[fn].a(tensors), tensors.a.shape),
    b: (tensors, { fn }): Value => sumToShape(slopes[fn].b(tensors), tensors.b.shape),
  },
  flops: ({ y }) => sizeOf(y),
  inPlace: "a",
});
