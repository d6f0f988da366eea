import { describe, expect, it } from "vitest";
import { erf, roundEven } from "../../src/formats/onnx/evaluate/elementwise.js";
import { Graph } from "../../src/graph/graph.js";
import { map, type MapFunction } from "../../src/ops/map.js";
import { mapValues, testOp, type Expected } from "../harness/test-op.js";

type Numbers = { alpha: number; beta: number };
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
const softplus = (v: number) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const elu = (v: number, alpha: number) => (v > 0 ? v : alpha * Math.expm1(v));
/** tanh(softplus(v)) without 1 - 1. */
const tanhSoftplus = (v: number) => {
  const n = Math.exp(Math.min(v, 20)) * (Math.exp(Math.min(v, 20)) + 2);
  return n / (n + 2);
};

const functions: Record<MapFunction, (v: number, numbers: Numbers) => number> = {
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  neg: (v) => -v,
  reciprocal: (v) => 1 / v,
  erf,
  softplus,
  elu: (v, { alpha }) => elu(v, alpha),
  selu: (v, { alpha, beta }) => beta * elu(v, alpha),
  celu: (v, { alpha }) => (v > 0 ? v : alpha * Math.expm1(v / alpha)),
  mish: (v) => v * tanhSoftplus(v),
  softsign: (v) => v / (1 + Math.abs(v)),
  swish: (v, { alpha }) => v * sigmoid(alpha * v),
  geluTanh: (v) => v * sigmoid(2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)),
  thresholdedRelu: (v, { alpha }) => (v > alpha || Number.isNaN(v) ? v : 0),
  affine: (v, { alpha, beta }) => alpha * v + beta,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundEven,
  trunc: Math.trunc,
  sign: Math.sign,
  above: (v, { alpha }) => +(v > alpha),
  not: (v) => +(v === 0),
  isNaN: (v) => +Number.isNaN(v),
  isInf: (v) => +(Math.abs(v) === Infinity),
};

/** Sums, whose errors are a share of their terms. */
const magnitudes: Partial<Record<MapFunction, (v: number, numbers: Numbers) => number>> = {
  geluTanh: Math.abs, // x / 2 + x tanh(u) / 2
  affine: (v, { alpha, beta }) => Math.abs(alpha * v) + Math.abs(beta),
};

const parameters: Partial<Record<MapFunction, Partial<Numbers>[]>> = {
  elu: [{}, { alpha: 0.7 }],
  selu: [{ alpha: Math.fround(1.6732632423543772), beta: Math.fround(1.0507009873554805) }],
  celu: [{}, { alpha: 2 }],
  swish: [{}, { alpha: 0.5 }],
  thresholdedRelu: [{}, { alpha: -0.5 }],
  above: [{ alpha: 0 }, { alpha: 0.5 }],
  affine: [{ alpha: -1.5, beta: 0.25 }],
};

for (const [fn, f] of Object.entries(functions) as [MapFunction, (v: number, numbers: Numbers) => number][]) {
  testOp(map, {
    name: `map ${fn}`,
    inputs: { x: [[2, 5, 7, 3], [1], [0, 4]] },
    attributes: (parameters[fn] ?? [{}]).map((numbers) => ({ fn, ...numbers })),
    ranges: { x: fn === "log" || fn === "sqrt" ? [0.05, 9] : [-5, 5] },
    reference({ x }, attributes): Expected {
      const magnitude = magnitudes[fn];
      return { ...mapValues(x, (v) => f(v, attributes)), ...(magnitude && { magnitude: x.data.map((v) => magnitude(v, attributes)), terms: 2 }) };
    },
    elementwise: true,
  });
}

testOp(map, {
  name: "map swish of CLIP",
  inputs: { x: [[64]] },
  attributes: [{ fn: "swish", alpha: Math.fround(1.702) }],
  reference: ({ x }, attributes) => mapValues(x, (v) => functions.swish(v, attributes)),
});

testOp(map, {
  name: "map far from 0",
  inputs: { x: [[4096]] },
  attributes: (["erf", "softplus", "elu", "mish", "exp"] as const).map((fn) => ({ fn })),
  ranges: { x: [-20, 20] },
  wanted: [],
  reference: ({ x }, attributes) => mapValues(x, (v) => functions[attributes.fn](v, attributes)),
});

describe("map", () => {
  it("names a function that there is not", () => {
    expect(() => map({ x: new Graph().input("x", [2]) }, { fn: "cube" as MapFunction })).toThrow('map: there is no function "cube" (x [2])');
  });
});
