import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { ema } from "../../src/ops/ema.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(ema, {
  cases: [0, 1e-4, 0.3, 0.5, 0.9, 1].flatMap((share) => [
    { shapes: { average: [5, 7], x: [5, 7], share: [1] }, values: { share: [share] } },
    { shapes: { average: [0], x: [0], share: [1] }, values: { share: [share] } },
  ]),
  reference({ average, x, share }) {
    const mixed = mapValues(average, (value, i) => value + share.data[0] * (x.data[i] - value));
    return { average: { ...mixed, magnitude: average.data.map((value, i) => Math.abs(value) + Math.abs(x.data[i])), terms: 2 } };
  },
});

describe("ema", () => {
  it("names what does not fit", () => {
    const graph = new Graph();
    const [average, x, share] = [graph.input("a", [4]), graph.input("x", [5]), graph.input("s", [1])];
    expect(() => ema.all({ average, x, share })).toThrow("ema: average and x differ in shape (average [4], x [5], share [1])");
    expect(() => ema.all({ average, x: average, share: x })).toThrow("ema: share expects one number");
  });
});
