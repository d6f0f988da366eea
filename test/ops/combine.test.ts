import { describe, expect, it } from "vitest";
import { broadcastShapes, type Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { combine, type CombineFunction } from "../../src/ops/combine.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";
import { broadcastMap } from "./broadcast-reference.js";

const { max, min, abs } = Math;
/** IEEE 754's pow; ECMAScript's gives NaN for 1 to the infinity or NaN. */
const pow = (a: number, b: number) => (a === 1 || (abs(a) === 1 && abs(b) === Infinity) ? 1 : a ** b);
const mod = (a: number, b: number) => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};

const functions: Record<CombineFunction, (a: number, b: number) => number> = {
  sub: (a, b) => a - b,
  div: (a, b) => a / b,
  pow,
  min,
  max,
  mod,
  fmod: (a, b) => a % b,
  equal: (a, b) => +(a === b),
  less: (a, b) => +(a < b),
  lessOrEqual: (a, b) => +(a <= b),
  greater: (a, b) => +(a > b),
  greaterOrEqual: (a, b) => +(a >= b),
  and: (a, b) => +(a !== 0 && b !== 0),
  or: (a, b) => +(a !== 0 || b !== 0),
  xor: (a, b) => +((a !== 0) !== (b !== 0)),
  prelu: (a, b) => (a < 0 ? a * b : a),
  heaviside: (a, b) => (a > b ? 1 : a === b ? 0.5 : 0),
};

const referenceOf =
  (f: (a: number, b: number) => number) =>
  ({ a, b }: Record<string, Tensor64>) =>
    broadcastMap([a, b], broadcastShapes(a.shape, b.shape) as Shape, ([x, y]) => f(x, y));

for (const [fn, f] of Object.entries(functions) as [CombineFunction, (a: number, b: number) => number][]) {
  testOp(combine, {
    name: `combine ${fn}`,
    inputs: {
      a: [[3, 7], [2, 1, 5], [1]],
      b: [
        [3, 7],
        [3, 1],
        [3, 2],
      ],
    },
    attributes: [{ fn }],
    ranges: fn === "pow" ? { a: [0.1, 3], b: [-3, 3] } : {},
    reference: referenceOf(f),
    elementwise: true,
  });
}

testOp(combine, {
  name: "combine of any broadcast",
  inputs: {
    a: [[0, 4], [2, 3, 4, 8], [3, 1, 1, 6], [2, 3, 4, 5], [4, 5, 1], [7], [], [2, 1, 3, 1, 2], [1, 4, 1, 3, 1, 5], [2, 1, 1, 2, 2, 1, 2, 2]],
    b: [[0, 4], [2, 1, 1, 8], [3, 4, 5, 6], [2, 3, 4, 1], [1, 5, 6], [1], [3, 2], [4, 1, 2, 1], [2, 1, 3, 3, 2, 1], [2, 2, 2, 1, 1, 2, 2, 2]],
  },
  attributes: [{ fn: "sub" }],
  reference: referenceOf(functions.sub),
});

testOp(combine, {
  name: "combine pow of whole exponents",
  cases: [{ shapes: { a: [6, 1], b: [5] }, attributes: { fn: "pow" }, values: { a: [-2, -0.5, -1.5, 0, 3, 1], b: [-3, -2, 0, 2, 3] } }],
  wanted: [],
  reference: referenceOf(pow),
});

testOp(combine, {
  name: "combine pow of any numbers",
  inputs: { a: [[4096]], b: [[4096]] },
  attributes: [{ fn: "pow" }],
  ranges: { a: [0, 4], b: [-60, 60] },
  wanted: [],
  reference: referenceOf(pow),
});

describe("combine", () => {
  it.each(builds)("%s: equal operands share the gradient of max, and pow has slopes at 0", async (build) => {
    const slopes = async (fn: CombineFunction, one: number, other: number) => {
      const graph = new Graph();
      const [a, b, dy] = ["a", "b", "dy"].map((name) => graph.input(name, [1]));
      const y = combine({ a, b }, { fn });
      const rules = ["a", "b"].map((name) => combine.gradient![name]({ ...y.node!.tensors, dy }, { fn }, 0));
      const feeds = new Map([
        [a, Float32Array.of(one)],
        [b, Float32Array.of(other)],
        [dy, Float32Array.of(3)],
      ]);
      return (await runGraph(graph, feeds, rules, { build })).map(([value]) => value);
    };
    expect(await slopes("max", 2, 2)).toEqual([1.5, 1.5]);
    expect(await slopes("min", 2, 2)).toEqual([1.5, 1.5]);
    expect(await slopes("pow", 0, 2)).toEqual([0, 0]);
    expect(await slopes("pow", -2, 3)).toEqual([36, NaN]);
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [a, b] = [graph.input("a", [2, 3]), graph.input("b", [2])];
    expect(() => combine({ a, b })).toThrow("combine: expected shapes that broadcast (equal sizes or 1, from the right) (a [2,3], b [2])");
    const [deep, other] = [graph.input("deep", [2, 1, 2, 1, 2, 1, 2]), graph.input("other", [1, 2, 1, 2, 1, 2, 1])];
    expect(() => combine({ a: deep, b: other })).toThrow("combine: expected at most 6 axes to broadcast, got 7");
    expect(() => combine({ a, b: a }, { fn: "atan2" as CombineFunction })).toThrow('combine: there is no function "atan2"');
  });
});
