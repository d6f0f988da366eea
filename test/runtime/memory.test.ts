import { afterEach, expect, test, vi } from "vitest";
import { atOnce } from "../../src/core/slices.js";
import { Graph } from "../../src/graph/graph.js";
import { inferenceGraph } from "../../src/model/graphs.js";
import { checkpointGradients } from "../../src/plan/gradient-checkpointing.js";
import { Session } from "../../src/runtime/session.js";
import { trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

afterEach(() => void vi.restoreAllMocks());

/** A session, and the bytes that its memory has now. */
async function open(threads: number): Promise<{ session: Session; bytes: () => number }> {
  const memories: WebAssembly.Memory[] = [];
  const { Memory } = WebAssembly;
  vi.spyOn(WebAssembly, "Memory").mockImplementation(function (descriptor) {
    const memory = new Memory(descriptor);
    memories.push(memory);
    return memory;
  });
  const session = await Session.open({ build: "simd", threads, inline: threads === 1 });
  vi.restoreAllMocks();
  expect(memories.length).toBe(1);
  return { session, bytes: () => memories[0].buffer.byteLength };
}

const settings = { optimizer: "adamw", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;

test.each([
  ["resnet18", 1],
  ["mobilenet_v2", 2],
  ["squeezenet1_0", 2],
] as const)("%s on %i threads: programs on paper need the bytes that real ones then have", async (name, threads) => {
  const network = await architecture(name);
  const { session, bytes } = await open(threads);
  expect(session.memory().total).toBe(bytes());
  const infer = (batch: number) => inferenceGraph(network, 10, { batch, height: 64, width: 64 }, "logits");
  const step = (batch: number) => trainingGraph(network, 10, [batch, 64, 64, 3], settings);

  const paper = session.rehearse();
  const before = bytes();
  const small = atOnce(paper.prepare(infer(1)));
  const steps = [atOnce(paper.prepare(step(8), { rewrite: checkpointGradients })), atOnce(paper.prepare(step(3)))];
  const training = paper.memory();
  paper.close(steps);
  atOnce(paper.prepare(infer(16)));
  expect(paper.memory().optimizer).toBe(0);
  expect(bytes()).toBe(before);
  expect(session.keptValues()).toEqual([]);

  await session.prepare(infer(1));
  const real = [await session.prepare(step(8), { rewrite: checkpointGradients }), await session.prepare(step(3))];
  expect(real[0].plan.arenaBytes).toBe(steps[0].arenaBytes);
  expect(session.memory()).toEqual(training);
  expect(bytes()).toBe(training.total);
  for (const program of real) await program.close();
  await session.forget(session.keptValues().flatMap(({ kind, name }) => (kind === "state" ? name : [])));
  await session.prepare(infer(16));
  expect(session.memory()).toEqual(paper.memory());
  expect(bytes()).toBe(paper.memory().total);
  expect(small.derived.size).toBeGreaterThan(0);
  session.close();
});

test("a program that does not fit on paper leaves no trace", async () => {
  const { session, bytes } = await open(1);
  const network = await architecture("resnet18");
  const before = bytes();
  expect(() => atOnce(session.rehearse().prepare(trainingGraph(network, 10, [1024, 224, 224, 3], settings)))).toThrow("more than limits.memoryBytes");
  expect(bytes()).toBe(before);
  session.close();
});

test("sessions that were closed leave no memory behind, in threads that do nothing else either", async () => {
  const megabytes = 128;
  const data = new Float32Array((megabytes * 2 ** 20) / 4).fill(1);
  const use = async () => {
    const session = await Session.open({ build: "simd", threads: 2 });
    const graph = new Graph();
    graph.keep("parameter", "x", [data.length], {});
    await session.keepAll(graph);
    await session.write("x", data);
    await session.started();
    session.close();
  };
  const resident = () => process.memoryUsage.rss() / 2 ** 20;
  const before = resident();
  const most = [];
  for (let i = 0; i < 16; i++) {
    await use();
    most.push(resident() - before);
  }
  expect(Math.max(...most)).toBeGreaterThan(0.9 * megabytes);
  // When they are collected is up to the engine: the last ones may not be yet.
  await vi.waitUntil(() => resident() - before < 6 * megabytes, 10_000);
});
