import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { oneHot, softmaxCrossEntropy } from "../../src/ops/cross-entropy.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp } from "../harness/test-op.js";

testOp(oneHot, {
  cases: [
    { shapes: { labels: [5] }, attributes: { classes: 3 }, values: { labels: [0, 2, 1, -100, 3] } },
    { shapes: { labels: [4] }, attributes: { classes: 37, smoothing: 0.1 }, values: { labels: [36, 0, -1, 5] } },
    { shapes: { labels: [0] }, attributes: { classes: 3 }, values: { labels: [] } },
  ],
  dtypes: { labels: "int32" },
  reference({ labels }, { classes, smoothing }) {
    const y = [...labels.data].flatMap((label) =>
      Array.from({ length: classes }, (_, i) => (label < 0 || label >= classes ? 0 : (1 - smoothing) * Number(i === label) + smoothing / classes)),
    );
    return { shape: [labels.shape[0], classes], data: Float64Array.from(y) };
  },
});

testOp(softmaxCrossEntropy, {
  inputs: {
    logits: [
      [3, 10],
      [5, 37],
      [1, 1],
      [2, 1000],
      [0, 4],
    ],
    targets: [
      [3, 10],
      [5, 37],
      [1, 1],
      [2, 1000],
      [0, 4],
    ],
  },
  ranges: { logits: [-9, 9], targets: [0, 1] },
  reference({ logits, targets }) {
    const [n, classes] = logits.shape;
    const rows = (f: (target: number, logLikelihood: number) => number) =>
      Float64Array.from({ length: n }, (_, row) => {
        const x = logits.data.subarray(row * classes, (row + 1) * classes);
        const logSum = Math.log(x.reduce((sum, value) => sum + Math.exp(value), 0));
        return x.reduce((sum, value, i) => sum + f(targets.data[row * classes + i], value - logSum), 0);
      });
    return { loss: { shape: [n], data: rows((t, l) => -t * l), magnitude: rows((t, l) => t * (Math.abs(l) + 18)), terms: classes } };
  },
});

describe("softmaxCrossEntropy", () => {
  it.each(builds)("%s: large logits, a logit of -infinity and ignored rows", async (build) => {
    const graph = new Graph();
    const logits = graph.input("logits", [3, 3]);
    const labels = graph.input("labels", [3], "int32");
    const dy = graph.input("dy", [3]);
    const loss = softmaxCrossEntropy({ logits, targets: oneHot({ labels }, { classes: 3 }) });
    const dlogits = gradients(loss, [logits], dy).get(logits) as Value;
    const feeds = new Map<Value, Float32Array | Int32Array>([
      [logits, Float32Array.of(1000, -1000, 0, 0, -Infinity, 0, 1, 2, 3)],
      [labels, Int32Array.of(1, 0, -100)],
      [dy, Float32Array.of(1, 2, 3)],
    ]);
    const [found, slopes] = await runGraph(graph, feeds, [loss, dlogits], { build });
    expect([...found]).toEqual([2000, Math.fround(Math.LN2), 0]);
    expect([...slopes]).toEqual([1, -1, 0, -1, 0, 1, 0, 0, 0]);
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [logits, targets] = [graph.input("logits", [3, 4]), graph.input("targets", [3, 5])];
    expect(() => softmaxCrossEntropy({ logits, targets })).toThrow(
      "softmaxCrossEntropy: expected logits and targets of one shape [N,classes] (logits [3,4], targets [3,5])",
    );
  });
});
