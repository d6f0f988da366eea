import { describe, expect, test } from "vitest";
import { WorkerError } from "../../src/core/errors.js";
import { Graph } from "../../src/graph/graph.js";
import { defineOp } from "../../src/graph/op.js";
import { relu } from "../../src/ops/relu.js";
import type { Thread } from "../../src/runtime/host.js";
import { pool } from "../../src/runtime/pool.js";
import { Session, type SessionOptions } from "../../src/runtime/session.js";
import { fill, stepInputs, trainingStep } from "./training-program.js";

const missing = defineOp({
  name: "missing",
  summary: "Calls a kernel that does not exist.",
  inputs: ["x"],
  attributes: {},
  shape: ({ x }) => x,
  lower: (emit, { x, y }) => emit.call("no_such_kernel_f32", [y, x], 1),
});

/** One unit, so that of two threads only the second fails while the first waits for it. */
const trapping = defineOp({
  name: "trapping",
  summary: "Reads far outside the memory.",
  inputs: ["x"],
  attributes: {},
  shape: ({ x }) => x,
  lower: (emit, { y }) => emit.call("clip_f32", [y, 0xfffff000, 0, 1], 1),
});

function graphOf(op: typeof relu | typeof missing): Graph {
  const graph = new Graph();
  graph.output("y", relu({ x: op({ x: relu({ x: graph.input("x", [64]) }) }) }));
  return graph;
}

const ways: [string, SessionOptions][] = [
  ["inline", { build: "simd", inline: true }],
  ["in one worker", { build: "simd", threads: 1 }],
  ["on two threads", { build: "simd", threads: 2 }],
];

describe.each(ways)("%s", (_, options) => {
  test.each([
    ["a program that calls a missing kernel", missing, "kernel no_such_kernel_f32 is not in this binary"],
    ["a kernel that traps in one thread", trapping, /memory access out of bounds|another thread of this program failed/],
  ])("%s fails with a WorkerError and closes the session, not the others", async (_, op, message) => {
    const session = await Session.open(options);
    const other = await Session.open(options);
    const bad = await session.prepare(graphOf(op));
    const x = new Float32Array(64).fill(1);
    const failing = bad.run({ x });
    const waiting = bad.run({ x });
    await expect(failing).rejects.toThrow(WorkerError);
    await expect(failing).rejects.toThrow(message);
    await expect(waiting).rejects.toThrow(/^this session failed earlier: /);
    await expect(session.prepare(graphOf(relu))).rejects.toThrow(WorkerError);

    const good = await other.prepare(graphOf(relu));
    expect((await good.run({ x })).y).toEqual(x);
    session.close();
    other.close();
  });
});

test("a thread that is ended in the middle of a program fails its calls, and the next session gets new threads", async () => {
  const session = await Session.open({ build: "simd", threads: 2 });
  const program = await session.prepare(await trainingStep());
  await fill(session);
  await program.run(stepInputs(0));
  const before = await pool(2);
  const calls = Array.from({ length: 20 }, (_, step) => program.run(stepInputs(step)));
  (before as unknown as { workers: { thread: Thread }[] }).workers[1].thread.terminate();
  const results = await Promise.allSettled(calls);
  const last = results.at(-1) as PromiseRejectedResult;
  expect(last.status).toBe("rejected");
  expect(last.reason).toBeInstanceOf(WorkerError);
  expect(results.some((result) => result.status === "rejected" && /^a worker thread ended: /.test(result.reason.message))).toBe(true);

  const next = await Session.open({ build: "simd", threads: 2 });
  expect(await pool(2)).not.toBe(before);
  const good = await next.prepare(graphOf(relu));
  const x = new Float32Array(64).fill(2);
  expect((await good.run({ x })).y).toEqual(x);
  next.close();
});
