import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { focalLoss } from "../../src/ops/focal-loss.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp } from "../harness/test-op.js";

const shapes = [
  [3, 10],
  [5, 37],
  [1, 1],
  [2, 300],
  [0, 4],
] as const;

testOp(focalLoss, {
  inputs: { logits: shapes, targets: shapes },
  attributes: [{}, { gamma: 0 }, { gamma: 0.5 }, { gamma: 3 }],
  ranges: { logits: [-9, 9], targets: [0, 1] },
  reference({ logits, targets }, { gamma }) {
    const [n, classes] = logits.shape;
    const rows = (f: (target: number, logLikelihood: number) => number) =>
      Float64Array.from({ length: n }, (_, row) => {
        const x = logits.data.subarray(row * classes, (row + 1) * classes);
        const logSum = Math.log(x.reduce((sum, value) => sum + Math.exp(value), 0));
        return x.reduce((sum, value, i) => sum + f(targets.data[row * classes + i], value - logSum), 0);
      });
    const missing = (l: number) => -Math.expm1(Math.min(l, 0));
    return {
      loss: { shape: [n], data: rows((t, l) => -t * missing(l) ** gamma * l), magnitude: rows((t, l) => t * (1 + gamma) * (Math.abs(l) + 18)), terms: classes },
    };
  },
});

describe("focalLoss", () => {
  it.each(builds)("%s: a certain class, a logit of -infinity and targets of 0 give neither NaN nor a loss", async (build) => {
    const graph = new Graph();
    const logits = graph.input("logits", [3, 3]);
    const targets = graph.input("targets", [3, 3]);
    const loss = focalLoss({ logits, targets }, { gamma: 0.5 });
    const dlogits = gradients(loss, [logits], graph.input("dy", [3])).get(logits) as Value;
    const feeds = new Map<Value, Float32Array>([
      [logits, Float32Array.of(1000, -1000, 0, 0, -Infinity, 0, 1, 2, 3)],
      [targets, Float32Array.of(1, 0, 0, 1, 0, 0, 0, 0, 0)],
      [graph.inputs.get("dy") as Value, Float32Array.of(1, 1, 1)],
    ]);
    const [found, slopes] = await runGraph(graph, feeds, [loss, dlogits], { build });
    expect(found[0]).toBe(0);
    expect(found[1]).toBeCloseTo(Math.SQRT1_2 * Math.LN2, 6);
    expect(found[2]).toBe(0);
    expect([...slopes].every(Number.isFinite)).toBe(true);
    expect([...slopes.subarray(0, 3), ...slopes.subarray(6)].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(slopes[4]).toBeCloseTo(0, 12);
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [logits, targets] = [graph.input("logits", [3, 4]), graph.input("targets", [3, 5])];
    expect(() => focalLoss({ logits, targets })).toThrow("focalLoss: expected logits and targets of one shape [N,classes] (logits [3,4], targets [3,5])");
    expect(() => focalLoss({ logits, targets: logits }, { gamma: -1 })).toThrow("focalLoss: expected gamma of 0 or more, got -1");
  });
});
