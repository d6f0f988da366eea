import { sizeOf, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { fill } from "./fill.js";
import { walkVectors } from "./lowering/walk.js";

const smooth = [
  "exp",
  "log",
  "sqrt",
  "abs",
  "neg",
  "reciprocal",
  "erf",
  "softplus",
  "elu",
  "selu",
  "celu",
  "mish",
  "softsign",
  "swish",
  "geluTanh",
  "thresholdedRelu",
  "affine",
] as const;
const steps = ["floor", "ceil", "round", "trunc", "sign", "above", "not", "isNaN", "isInf"] as const;
/** The kernel's numbers of the functions. */
const functions: readonly string[] = [...smooth, ...steps];

/**
 * What `map` computes. With parameters: `elu` x or alpha (e^x - 1), `selu` beta times that, `celu` x or alpha (e^(x / alpha) - 1), `swish` x sigmoid(alpha x),
 * `thresholdedRelu` x where x > alpha, `above` 1 where x > alpha, `affine` alpha x + beta. `round` takes halves to even. `not`, `isNaN`, `isInf` and `above` give 1 or 0.
 */
export type MapFunction = (typeof smooth)[number] | (typeof steps)[number];

type Attributes = { readonly fn: MapFunction; readonly alpha: number; readonly beta: number };
const defaults: Attributes = { fn: "exp", alpha: 1, beta: 0 };

export const map = defineOp({
  name: "map",
  summary: `y = fn(x), fn one of ${functions.join(", ")}; alpha and beta are parameters of some.`,
  inputs: ["x"],
  attributes: defaults,
  shape: ({ x }, { fn }, fail) => (functions.includes(fn) ? x : fail(`there is no function "${fn}"`)),
  lower: (emit, { x, y }, { fn, alpha, beta }) =>
    emit.call("map_f32", [y, x, functions.indexOf(fn), alpha, beta], vectorsOf(y.shape), walkVectors({ reads: [x], writes: [y] }, y)),
  gradient: {
    x: ({ x, dy }, attributes) => ((smooth as readonly string[]).includes(attributes.fn) ? mapBackward({ dy, x }, attributes) : fill({ x }, { value: 0 })),
  },
  flops: ({ y }) => sizeOf(y),
  inPlace: "x",
  recompute: true,
});

export const mapBackward = defineOp({
  name: "mapBackward",
  summary: "dx = dy * fn'(x).",
  inputs: ["dy", "x"],
  outputs: ["dx"],
  attributes: defaults,
  shape: ({ x }) => x,
  lower: (emit, { dx, dy, x }, { fn, alpha, beta }) =>
    emit.call("map_f32_backward_x", [dx, dy, x, functions.indexOf(fn), alpha, beta], vectorsOf(dx.shape), walkVectors({ reads: [dy, x], writes: [dx] }, dx)),
  flops: ({ dx }) => sizeOf(dx),
  inPlace: "dy",
});
