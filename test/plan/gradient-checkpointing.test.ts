import { describe, expect, test } from "vitest";
import { atOnce } from "../../src/core/slices.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import { add } from "../../src/ops/add.js";
import { updateRunning } from "../../src/ops/batch-norm.js";
import { mul } from "../../src/ops/mul.js";
import { softmax } from "../../src/ops/softmax.js";
import { tanh } from "../../src/ops/tanh.js";
import { compile } from "../../src/plan/compile.js";
import { checkpointGradients } from "../../src/plan/gradient-checkpointing.js";
import { fuse, liveNodes } from "../../src/plan/passes.js";
import { Session } from "../../src/runtime/session.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, from: "images", groupOf: () => 0 } as const;

async function step(name: string, batchNorm: "train" | "frozen", [batch, side]: readonly [number, number]): Promise<Graph> {
  const built = await architecture(name);
  return trainingGraph(built, 10, [batch, side, side, built.channels], { ...settings, batchNorm });
}

/** Losses of three steps, and all that is kept after them. */
async function train(graph: Graph, gradientCheckpointing: boolean): Promise<Float32Array[]> {
  const session = await Session.open({ build: "simd", inline: true });
  const program = await session.prepare(graph, { rewrite: gradientCheckpointing ? checkpointGradients : undefined });
  for (const value of graph.kept.values()) await session.write(value.name, atOnce(initialValues(value, 1)));
  const results: Float32Array[] = [];
  for (let step = 0; step < 3; step++) {
    const random = new Random(5, step);
    const inputs: Record<string, Float32Array | Int32Array> = {};
    for (const { name, shape, dtype } of graph.inputs.values()) {
      const draw = () => (name === "x" ? random.normal() : 0.05);
      inputs[name] = dtype === "int32" ? new Int32Array(sizeOf(shape)).fill(step) : Float32Array.from({ length: sizeOf(shape) }, draw);
    }
    results.push((await program.run(inputs)).loss);
  }
  for (const name of graph.kept.keys()) results.push(await session.read(name));
  session.close();
  return results;
}

describe.each([
  ["mobilenet_v2", "train", 0.75],
  ["mobilenetv3_small_100", "frozen", 0.7],
  ["resnet20", "train", 0.6],
  ["squeezenet1_0", "frozen", 0.6],
] as const)("%s with batch norm %s", (name, batchNorm, share) => {
  test("takes much less memory, for less than one more forward pass, and the same bits", async () => {
    const large = await step(name, batchNorm, [8, 64]);
    const [kept, again] = [undefined, checkpointGradients].map((rewrite) => compile(large, { rewrite }));
    expect(again.arenaBytes).toBeLessThan(share * kept.arenaBytes);
    const flops = ({ nodes }: typeof kept) => nodes.reduce((sum, node) => sum + node.flops, 0);
    expect(flops(again)).toBeGreaterThan(1.05 * flops(kept));
    expect(flops(again)).toBeLessThan(1.34 * flops(kept));

    const small = () => step(name, batchNorm, [2, 32]);
    const [expected, found] = [await train(await small(), false), await train(await small(), true)];
    expect(expected.every((data) => data.every(Number.isFinite))).toBe(true);
    found.forEach((data, i) => expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(expected[i].buffer))).toBe(0));
  }, 60_000);
});

test("dropout draws its mask again, running statistics move once", async () => {
  const graph = fuse(await step("mobilenet_v2", "train", [8, 64]));
  const count = (of: Graph, name: string) => liveNodes(of).filter(({ op }) => op.name === name).length;
  const again = atOnce(checkpointGradients(graph));
  expect(count(again, "conv2d")).toBeGreaterThan(count(graph, "conv2d"));
  expect(count(again, "depthwiseConv2d")).toBeGreaterThan(count(graph, "depthwiseConv2d"));
  for (const name of ["updateRunning", "batchNorm", "sgd"]) expect(count(again, name)).toBe(count(graph, name));
});

/** A chain of softmaxes with a gradient for w, which multiplies the input; `written` says whether w changes before the backward part. */
function chain(written: boolean): Graph {
  const graph = new Graph();
  const weight = graph.keep("parameter", "weight", [16, 16]);
  const state = graph.keep("state", "gradient", [16, 16]);
  let y: Value = mul({ a: graph.input("x", [16, 16]), b: weight });
  const outputs = Array.from({ length: 24 }, () => {
    y = softmax({ x: y });
    return y;
  });
  graph.output("y", y);
  if (written) updateRunning({ running: weight, batch: y }, { momentum: 1 });
  let slope = tanh({ x: y });
  for (const value of outputs.reverse()) slope = add({ a: mul({ a: slope, b: value }), b: slope });
  updateRunning({ running: state, batch: slope }, { momentum: 1 });
  return graph;
}

test("what reads a tensor that has changed since is not computed again; a graph without a backward part stays as it is", () => {
  const softmaxes = (graph: Graph) => liveNodes(atOnce(checkpointGradients(graph))).filter(({ op }) => op.name === "softmax").length;
  expect(softmaxes(chain(false))).toBeGreaterThan(30);
  expect(softmaxes(chain(false))).toBeLessThan(48);
  const products = (graph: Graph) =>
    liveNodes(atOnce(checkpointGradients(graph))).filter(({ op, tensors }) => op.name === "mul" && tensors.b.kind === "parameter").length;
  expect(products(chain(false))).toBe(2);
  expect(products(chain(true))).toBe(1);
  const inference = new Graph();
  inference.output("y", tanh({ x: softmax({ x: inference.input("x", [4]) }) }));
  expect(liveNodes(atOnce(checkpointGradients(inference))).length).toBe(2);
});
