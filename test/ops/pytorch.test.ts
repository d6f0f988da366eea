import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import type { Op } from "../../src/graph/op.js";
import { averagePool } from "../../src/ops/average-pool.js";
import { batchNorm, batchNormFrozen } from "../../src/ops/batch-norm.js";
import { oneHot, softmaxCrossEntropy } from "../../src/ops/cross-entropy.js";
import { globalAveragePool } from "../../src/ops/global-average-pool.js";
import { maxPool } from "../../src/ops/max-pool.js";
import { softmax } from "../../src/ops/softmax.js";
import { expectAsPytorch, pytorch, unpack } from "../fixtures/pytorch.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";

const ops: Record<string, unknown> = { averagePool, batchNorm, batchNormFrozen, globalAveragePool, maxPool, softmax, softmaxCrossEntropy };

describe("PyTorch's values and gradients", () => {
  for (const build of builds) {
    it.each(pytorch.cases)(`${build}: $op $attributes`, async ({ op, attributes, inputs, dy, outputs, gradients: expected }) => {
      const graph = new Graph();
      const values = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, graph.input(name, shape)]));
      const made = Object.values((ops[op] as Op).all(values, attributes));
      const start = graph.input("dy", dy.shape);
      const names = Object.keys(expected);
      const found = gradients(
        made[0],
        names.map((name) => values[name]),
        start,
      );
      const wanted = [...made, ...names.map((name) => found.get(values[name]) as Value)];
      const feeds = new Map([...Object.entries(inputs).map(([name, tensor]) => [values[name], unpack(tensor)] as const), [start, unpack(dy)] as const]);
      const results = await runGraph(graph, feeds, wanted, { build });
      [...Object.values(outputs), ...Object.values(expected)].forEach((tensor, i) =>
        expectAsPytorch(`${op} ${[...Object.keys(outputs), ...names][i]}`, results[i], tensor),
      );
    });

    it(`${build}: cross-entropy with label smoothing`, async () => {
      const { smoothing, labels, logits, dy, loss, gradient } = pytorch.smoothed;
      const graph = new Graph();
      const x = graph.input("x", logits.shape);
      const classes = graph.input("labels", [labels.length], "int32");
      const start = graph.input("dy", dy.shape);
      const y = softmaxCrossEntropy({ logits: x, targets: oneHot({ labels: classes }, { classes: logits.shape[1], smoothing }) });
      const dx = gradients(y, [x], start).get(x) as Value;
      const [found, slope] = await runGraph(
        graph,
        new Map<Value, Float32Array | Int32Array>([
          [x, unpack(logits)],
          [classes, Int32Array.from(labels)],
          [start, unpack(dy)],
        ]),
        [y, dx],
        { build },
      );
      expectAsPytorch("loss", found, loss);
      expectAsPytorch("gradient", slope, gradient);
      expect(found.length).toBe(labels.length);
    });
  }
});
