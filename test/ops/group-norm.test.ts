import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { groupNorm } from "../../src/ops/group-norm.js";
import { type Expected, type Tensor64, testOp } from "../harness/test-op.js";

function reference({ x, weight, bias }: Record<string, Tensor64>, { groups, epsilon }: { groups: number; epsilon: number }): Expected {
  const channels = x.shape.at(-1) as number;
  const image = x.data.length / x.shape[0];
  const groupOf = (i: number) => Math.floor(i / image) * groups + Math.floor(((i % channels) * groups) / channels);
  const count = image / groups;
  const [mean, variance] = [new Float64Array(x.shape[0] * groups), new Float64Array(x.shape[0] * groups)];
  x.data.forEach((value, i) => {
    mean[groupOf(i)] += value / count;
  });
  x.data.forEach((value, i) => {
    variance[groupOf(i)] += (value - mean[groupOf(i)]) ** 2 / count;
  });
  const scale = (i: number) => (weight?.data[i % channels] ?? 1) / Math.sqrt(variance[groupOf(i)] + epsilon);
  const shift = (i: number) => bias?.data[i % channels] ?? 0;
  return {
    shape: x.shape,
    data: x.data.map((value, i) => (value - mean[groupOf(i)]) * scale(i) + shift(i)),
    magnitude: x.data.map((value, i) => (Math.abs(value) + Math.abs(mean[groupOf(i)])) * Math.abs(scale(i)) + Math.abs(shift(i))),
    terms: count,
  };
}

const cases = [
  { x: [2, 5, 7, 6], groups: 3 },
  { x: [3, 4, 4, 16], groups: 1 },
  { x: [1, 3, 3, 12], groups: 4 },
  { x: [2, 9, 15, 21], groups: 21 },
  { x: [2, 130, 5], groups: 5 },
  { x: [3, 10], groups: 2 },
  { x: [0, 2, 8], groups: 2 },
];
testOp(groupNorm, {
  cases: cases.map(({ x, groups }) => ({ shapes: { x, weight: [x[x.length - 1]], bias: [x[x.length - 1]] }, attributes: { groups } })),
  reference,
});
testOp(groupNorm, {
  name: "groupNorm without weight or bias",
  cases: cases.map(({ x, groups }) => ({ shapes: { x }, attributes: { groups, epsilon: 1e-3 } })),
  reference,
});
testOp(groupNorm, {
  name: "groupNorm of values far from zero",
  inputs: { x: [[2, 300, 4]] },
  attributes: [{ groups: 2 }],
  ranges: { x: [1000, 1004] },
  reference,
});

it("says which groups do not divide the channels", () => {
  const x = new Graph().input("x", [1, 2, 2, 6]);
  expect(() => groupNorm({ x }, { groups: 4 })).toThrow("groupNorm: expected groups that divide 6 channels, got 4");
});
