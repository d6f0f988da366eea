/**
 * Seeded weights that a comparison means something with: running statistics are those of the images, as trained networks have those of their
 * data. Without, deep networks explode or give all images the same logits. `scripts/fixtures/torchvision-onnx.py` has the same rule and says why
 * the variance is one number a norm.
 */
import { Graph, type Value } from "../src/graph/graph.js";
import type { Model } from "../src/index.js";
import { batchNormFrozen, batchStatistics } from "../src/ops/batch-norm.js";
import { expand } from "../src/ops/expand.js";
import { mean } from "../src/ops/mean.js";
import { is, liveNodes } from "../src/plan/passes.js";

/** @param x images [batch, H, W, C] */
export async function takeStatistics(model: Model, x: Float32Array, batch: number): Promise<void> {
  const [height, width] = model.imageSize;
  const graph = measuring(model.graph({ batch, height, width }, "logits"));
  if (graph.outputs.size === 0) return;
  const program = await model.session.prepare(graph);
  for (const [name, statistics] of Object.entries(await program.run({ x }))) await model.session.write(name, statistics);
  await program.close();
}

/** The graph with norms by the statistics of the batch, which are its outputs by the names of the running ones. */
function measuring(graph: Graph): Graph {
  const measured = new Graph();
  const copies = new Map<Value, Value>();
  for (const value of graph.inputs.values()) copies.set(value, measured.input(value.name, value.shape, value.dtype));
  for (const value of graph.kept.values()) copies.set(value, measured.keep(value.kind as "parameter", value.name, value.shape, value));
  for (const node of liveNodes(graph)) {
    measured.scope = node.scope;
    const tensors = Object.fromEntries(node.inputNames.map((name) => [name, copies.get(node.tensors[name]) as Value]));
    if (is(node, batchNormFrozen)) {
      const batch = batchStatistics.all({ x: tensors.x });
      const { shape } = batch.variance;
      const variance = expand({ x: mean({ x: batch.variance }, { axes: [0], keepDims: true }) }, { shape });
      measured.output(node.tensors.mean.name, batch.mean);
      measured.output(node.tensors.variance.name, variance);
      Object.assign(tensors, { mean: batch.mean, variance });
    }
    const outputs = measured.addNode(node.op, tensors, node.attributes);
    for (const name of node.outputNames) copies.set(node.tensors[name], outputs[name]);
  }
  return measured;
}
