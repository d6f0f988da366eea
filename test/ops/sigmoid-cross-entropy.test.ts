import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { sigmoidCrossEntropy } from "../../src/ops/sigmoid-cross-entropy.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { type Tensor64, testOp } from "../harness/test-op.js";

type Attributes = { gamma: number; alpha: number; sumClasses: boolean };

function reference({ logits, targets, weight }: Record<string, Tensor64>, { gamma, alpha, sumClasses }: Attributes) {
  const [n, classes] = logits.shape;
  const rows = (f: (x: number, t: number) => number) =>
    Float64Array.from({ length: n }, (_, row) => {
      let total = 0;
      for (let i = 0; i < classes; i++) {
        const [x, t] = [logits.data[row * classes + i], targets.data[row * classes + i]];
        total += (weight?.data[i] ?? 1) * (alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t)) * f(x, t);
      }
      return sumClasses ? total : total / classes;
    });
  const crossEntropy = (x: number, t: number) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)));
  const missing = (x: number, t: number) => (1 - t) / (1 + Math.exp(-x)) + t / (1 + Math.exp(x));
  const data = rows((x, t) => missing(x, t) ** gamma * crossEntropy(x, t));
  return { loss: { shape: [n], data, magnitude: rows((x) => (1 + gamma) * (2 * Math.abs(x) + 1)), terms: classes } };
}

const shapes = [
  [3, 10],
  [5, 37],
  [1, 1],
  [2, 300],
  [0, 4],
] as const;
const ranges = { logits: [-9, 9], targets: [0, 1], weight: [0, 2] } as const;
const attributes = [{}, { sumClasses: true }, { gamma: 2, alpha: 0.25 }, { gamma: 0.5 }];

testOp(sigmoidCrossEntropy, { inputs: { logits: shapes, targets: shapes }, attributes, ranges, reference });
testOp(sigmoidCrossEntropy, {
  name: "sigmoidCrossEntropy, weighted",
  inputs: { logits: shapes, targets: shapes, weight: shapes.map(([, classes]) => [classes]) },
  attributes,
  ranges,
  wanted: ["logits"],
  reference,
});

describe("sigmoidCrossEntropy", () => {
  it.each(builds)("%s: logits far out, right and wrong", async (build) => {
    for (const gamma of [0, 2]) {
      const graph = new Graph();
      const logits = graph.input("logits", [1, 4]);
      const targets = graph.input("targets", [1, 4]);
      const loss = sigmoidCrossEntropy({ logits, targets }, { gamma, sumClasses: true });
      const dlogits = gradients(loss, [logits], graph.input("dy", [1])).get(logits) as Value;
      const feeds = new Map<Value, Float32Array>([
        [logits, Float32Array.of(1000, -1000, 1000, -1000)],
        [targets, Float32Array.of(1, 0, 0, 1)],
        [graph.inputs.get("dy") as Value, Float32Array.of(1)],
      ]);
      const [found, slopes] = await runGraph(graph, feeds, [loss, dlogits], { build });
      expect([...found]).toEqual([2000]);
      expect([...slopes]).toEqual([-0, 0, 1, -1].map((value) => expect.closeTo(value, 6)));
    }
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [logits, targets] = [graph.input("logits", [3, 4]), graph.input("targets", [3, 5])];
    expect(() => sigmoidCrossEntropy({ logits, targets })).toThrow("sigmoidCrossEntropy: expected logits and targets of one shape [N,classes]");
    expect(() => sigmoidCrossEntropy({ logits, targets: logits, weight: targets })).toThrow("sigmoidCrossEntropy: expected one weight for each class");
  });
});
