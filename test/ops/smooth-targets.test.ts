import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { smoothTargets } from "../../src/ops/smooth-targets.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(smoothTargets, {
  inputs: {
    targets: [
      [3, 10],
      [5, 37],
      [1, 1],
      [0, 4],
    ],
  },
  attributes: [{}, { smoothing: 0.1 }, { smoothing: 0.25, threshold: 0 }, { threshold: 0.2 }],
  ranges: { targets: [0, 1] },
  reference: ({ targets }, { smoothing, threshold }) =>
    mapValues(targets, (value) => {
      const smooth = (1 - smoothing) * value + smoothing / targets.shape[1];
      return threshold < 0 ? smooth : Number(smooth > threshold);
    }),
});

describe("smoothTargets", () => {
  it("names what does not fit", () => {
    const graph = new Graph();
    expect(() => smoothTargets({ targets: graph.input("targets", [3]) })).toThrow("smoothTargets: expected targets [N,classes] (targets [3])");
  });
});
