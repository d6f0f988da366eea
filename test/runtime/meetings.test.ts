import { atOnce } from "../../src/core/slices.js";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { bytesPerElement } from "../../src/core/dtype.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import type { Graph, Value } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import { padded } from "../../src/plan/arena.js";
import { compile, type Operand } from "../../src/plan/compile.js";
import { instantiate } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";
import { link, runShare, shareOf } from "../../src/runtime/program.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

const threads = 3;

/**
 * Runs a program with each thread going as far ahead of the others as meetings let it: all of its calls up to the next meeting,
 * then all of the next thread's. Gives digests of outputs and kept tensors.
 */
async function runInOrder(graph: Graph, order: readonly number[], { together = true } = {}): Promise<Record<string, string>> {
  const plan = compile(graph, { threads: order.length });
  let end = 65536;
  const take = (bytes: number) => {
    const at = end;
    end += padded(bytes) + 64;
    return at;
  };
  const bytesOf = ({ shape, dtype }: Value) => sizeOf(shape) * bytesPerElement[dtype];
  const kept = new Map(plan.kept.map((value) => [value.name, take(bytesOf(value))]));
  const derived = new Map([...plan.derived].map(([key, bytes]) => [key, take(bytes)]));
  const arena = take(plan.arenaBytes);
  const address = (at: Exclude<Operand, number>) =>
    at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key) as number));
  const memory = createMemory(end);
  const kernels = await instantiate({ build: "simd", memory });
  for (const value of plan.kept) new Float32Array(memory.buffer, kept.get(value.name)).set(atOnce(initialValues(value, 1)));

  for (const calls of [plan.prepare, plan.calls]) {
    if (calls === plan.calls) {
      for (const [name, { value, at }] of plan.inputs) {
        const random = new Random(3);
        const data = new (value.dtype === "int32" ? Int32Array : Float32Array)(memory.buffer, address(at as Exclude<Operand, number>), sizeOf(value.shape));
        data.forEach((_, i) => (data[i] = name === "x" ? random.uniform(-1, 1) : value.dtype === "int32" ? i % 2 : 0.01));
      }
    }
    const code = atOnce(link(calls, address));
    const shares = order.map((thread) => shareOf(code, kernels, thread, order.length));
    const starts = [0, ...calls.flatMap(({ meet }, i) => (meet && together ? [i] : [])), calls.length];
    starts.slice(1).forEach((stop, i) => {
      for (const share of shares) runShare(share.slice(starts[i], stop));
    });
  }
  const bits = (value: Value, at: number) =>
    createHash("sha256")
      .update(new Uint8Array(memory.buffer, at, bytesOf(value)))
      .digest("hex");
  return Object.fromEntries([
    ...plan.kept.map((value) => [value.name, bits(value, kept.get(value.name) as number)]),
    ...[...plan.outputs].map(([name, { value, at }]) => [name, bits(value, address(at as Exclude<Operand, number>))]),
  ]);
}

test.each(["resnet20", "mobilenet_v2", "mobilenetv3_small_100"])("a step of %s has the same bits whichever thread goes ahead", async (name) => {
  const settings = { optimizer: "adamw", nesterov: false, labelSmoothing: 0.1, maxNorm: 5, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
  const graph = async () => trainingGraph(await architecture(name), 3, [2, 32, 32, 3], settings);
  const alone = await runInOrder(await graph(), [0]);
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
  ])
    expect(await runInOrder(await graph(), order)).toEqual(alone);
  expect(await runInOrder(await graph(), [2, 1, 0], { together: false })).not.toEqual(alone);
  expect(compile(await graph(), { threads }).calls.filter(({ meet }) => !meet).length).toBeGreaterThan(50);
});
