import { atOnce } from "../../src/core/slices.js";
import { afterEach, describe, expect, test } from "vitest";
import { ClosedError, LimitError, ShapeError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import { Scope } from "../../src/nn/scope.js";
import { add } from "../../src/ops/add.js";
import { updateRunning } from "../../src/ops/batch-norm.js";
import { dense } from "../../src/ops/dense.js";
import { mul } from "../../src/ops/mul.js";
import { relu } from "../../src/ops/relu.js";
import { firstAddress } from "../../src/runtime/backend.js";
import { hasBuild } from "../../src/runtime/instance.js";
import { Session, type SessionOptions } from "../../src/runtime/session.js";
import { architecture } from "../../src/zoo/registry.js";
import { fill, stepInputs, trainingStep } from "./training-program.js";

const opened: Session[] = [];
afterEach(() => {
  for (const session of opened.splice(0)) session.close();
});

async function open(options: SessionOptions = { build: "simd", inline: true }): Promise<Session> {
  const session = await Session.open(options);
  opened.push(session);
  return session;
}

/** y = relu(x weight + bias), 2 in and 3 out. */
function layer(): Graph {
  const graph = new Graph();
  const x = graph.input("x", [1, 2]);
  graph.output("y", relu({ x: dense({ x, weight: graph.keep("parameter", "weight", [2, 3]), bias: graph.keep("parameter", "bias", [3]) }) }));
  return graph;
}

/** running = input, by a mutation. */
function store(): Graph {
  const graph = new Graph();
  updateRunning({ running: graph.keep("buffer", "cell", [1]), batch: graph.input("x", [1]) }, { momentum: 1 });
  return graph;
}

const ways: [string, SessionOptions][] = [
  ["inline", { build: "simd", inline: true }],
  ["in one worker", { build: "simd", threads: 1 }],
  ["on two threads", { build: "simd", threads: 2 }],
];

describe.each(ways)("%s", (_, options) => {
  test("constants have their numbers from the start, also in memory that was used before", async () => {
    const session = await open(options);
    await (await session.prepare(layer())).run({ x: Float32Array.of(1, 2) });
    await session.forget(["weight"]);
    const graph = new Graph();
    const x = graph.input("x", [2, 3]);
    graph.output("y", add({ a: x, b: graph.constant(Float32Array.of(1, 2, 3), [3]) }));
    graph.output("z", mul({ a: x, b: graph.constant(Float32Array.of(1, 2, 3), [3]) }));
    const { y, z } = await (await session.prepare(graph)).run({ x: Float32Array.of(0, 0, 0, 1, 1, 1) });
    expect([...y, ...z]).toEqual([1, 2, 3, 2, 3, 4, 0, 0, 0, 1, 2, 3]);
    expect([...graph.kept.values()].map(({ kind }) => kind)).toEqual(["constant"]);
  });

  test("calls take turns in the order they were made", async () => {
    const session = await open(options);
    const program = await session.prepare(store());
    const results = await Promise.all([
      session.read("cell"),
      program.run({ x: Float32Array.of(1) }).then(() => "first"),
      session.read("cell"),
      session.write("cell", Float32Array.of(5)),
      session.read("cell"),
      program.run({ x: Float32Array.of(2) }).then(() => "second"),
      program.run({ x: Float32Array.of(3) }).then(() => "third"),
      session.read("cell"),
    ]);
    expect(results.map((result) => (result instanceof Float32Array ? result[0] : result))).toEqual([0, "first", 1, undefined, 5, "second", "third", 3]);
  });

  test("a run that was aborted before its turn does nothing; later runs do", async () => {
    const session = await open(options);
    const program = await session.prepare(store());
    const stop = new AbortController();
    const running = program.run({ x: Float32Array.of(1) }, { signal: stop.signal });
    const waiting = program.run({ x: Float32Array.of(2) }, { signal: stop.signal });
    await running;
    stop.abort(new Error("enough"));
    await waiting.catch(() => {});
    await program.run({ x: Float32Array.of(3) });
    await expect(program.run({ x: Float32Array.of(4) }, { signal: stop.signal })).rejects.toThrow("enough");
    expect(await session.read("cell")).toEqual(Float32Array.of(3));
  });

  test("after close every call fails with a ClosedError, also those that waited", async () => {
    const session = await open(options);
    const program = await session.prepare(layer());
    await program.run({ x: new Float32Array(2) });
    const waiting = [program.run({ x: new Float32Array(2) }), session.read("weight"), session.prepare(layer())];
    session.close();
    session.close();
    for (const call of waiting) await expect(call).rejects.toThrow(ClosedError);
    await expect(session.write("weight", new Float32Array(6))).rejects.toThrow("this model was closed");
  });

  test("packed weights follow writes, and writes by other programs", async () => {
    const session = await open(options);
    const inference = await session.prepare(layer());
    const x = Float32Array.of(1, 2);
    expect((await inference.run({ x })).y).toEqual(new Float32Array(3));
    await session.write("weight", Float32Array.of(1, 2, 3, 4, 5, 6));
    expect((await inference.run({ x })).y).toEqual(Float32Array.of(9, 12, 15));
    await session.write("bias", Float32Array.of(-100, 0, 1));
    expect((await inference.run({ x })).y).toEqual(Float32Array.of(0, 12, 16));

    const graph = new Graph();
    updateRunning({ running: graph.keep("parameter", "weight", [2, 3]), batch: graph.input("w", [2, 3]) }, { momentum: 1 });
    const writer = await session.prepare(graph);
    await writer.run({ w: Float32Array.of(0, 1, 0, 0, 0, 1) });
    expect((await inference.run({ x })).y).toEqual(Float32Array.of(0, 1, 3));
    await inference.close();
    const again = await session.prepare(layer());
    expect((await again.run({ x })).y).toEqual(Float32Array.of(0, 1, 3));
  });

  test("a program keeps working when a larger one moved the working memory", async () => {
    const session = await open(options);
    const small = await session.prepare(layer());
    await session.write("weight", Float32Array.of(1, 2, 3, 4, 5, 6));
    const x = Float32Array.of(1, 2);
    expect((await small.run({ x })).y).toEqual(Float32Array.of(9, 12, 15));
    const large = await session.prepare(await trainingStep());
    await fillTraining(session);
    await large.run(stepInputs(0));
    expect((await small.run({ x })).y).toEqual(Float32Array.of(9, 12, 15));
    await large.run(stepInputs(1));
    expect((await small.run({ x })).y).toEqual(Float32Array.of(9, 12, 15));
  });
});

async function fillTraining(session: Session): Promise<void> {
  for (const value of session.keptValues())
    if (value.name !== "weight" && value.name !== "bias") await session.write(value.name, atOnce(initialValues(value, 1)));
}

test.skipIf(!hasBuild("relaxed"))("programs of one build do not see the packed weights of the other", async () => {
  const network = await architecture("resnet20");
  const logits = new Graph();
  const net = new Scope(logits);
  logits.output("logits", network.head(net, network.backbone(net, logits.input("x", [1, 8, 8, 3])), 3));
  const session = await open();
  const simd = await session.prepare(logits, { build: "simd" });
  const relaxed = await session.prepare(logits, { build: "relaxed" });
  await fill(session);
  const x = stepInputs(0).x.subarray(0, 192) as Float32Array;
  const first = await simd.run({ x });
  await relaxed.run({ x });
  expect(await simd.run({ x })).toEqual(first);
});

describe("reading", () => {
  test("all of several tensors at one time, whatever runs meanwhile", async () => {
    const session = await open();
    const graph = new Graph();
    const x = graph.input("x", [1]);
    for (const name of ["first", "second"]) updateRunning({ running: graph.keep("buffer", name, [1]), batch: x }, { momentum: 1 });
    const program = await session.prepare(graph);
    const seen: number[][] = [];
    const work: Promise<unknown>[] = [];
    for (let i = 1; i <= 5; i++) {
      const numbers: number[] = [];
      seen.push(numbers);
      work.push(program.run({ x: Float32Array.of(i) }));
      work.push(
        session.readAll(
          ({ name }) => name !== "x",
          async (_, data) => void numbers.push(data[0]),
        ),
      );
    }
    await Promise.all(work);
    expect(seen).toEqual([1, 2, 3, 4, 5].map((i) => [i, i]));
  });
});

describe("memory", () => {
  test("memory() counts what there is, by purpose", async () => {
    const session = await open();
    const pages = (bytes: number) => Math.ceil(bytes / 65536) * 65536;
    const nothing = { parameters: 0, optimizer: 0, derived: 0, activations: 0, gradients: 0, workspace: 0 };
    expect(session.memory()).toEqual({ ...nothing, total: pages(firstAddress + 64) });
    const program = await session.prepare(await trainingStep());
    const bytes = (kinds: string[]) => session.keptValues().reduce((sum, { kind, shape }) => sum + (kinds.includes(kind) ? 4 * sizeOf(shape) : 0), 0);
    const use = session.memory();
    expect(use.parameters).toBe(bytes(["parameter", "buffer"]));
    expect(use.optimizer).toBe(bytes(["state"]));
    expect(use.optimizer).toBeGreaterThan(260_000 * 4);
    expect(use.activations + use.gradients + use.workspace).toBe(program.plan.arenaBytes);
    for (const purpose of ["activations", "gradients", "workspace"] as const) expect(use[purpose]).toBeGreaterThan(0);
    expect(use.total).toBeGreaterThanOrEqual(firstAddress + use.parameters + use.optimizer + use.derived + program.plan.arenaBytes);

    const inference = await session.prepare(layer());
    expect(session.memory().derived - use.derived).toBe([...inference.plan.derived.values()].reduce((sum, size) => sum + size, 0));
    expect(session.memory().derived).toBeGreaterThan(use.derived);
    await inference.close();
    expect(session.memory().derived).toBe(use.derived);
    await session.forget(session.keptValues().flatMap(({ kind, name }) => (kind === "state" ? name : [])));
    expect(session.memory().optimizer).toBe(0);
  });

  test("memory given back is used again", async () => {
    const session = await open();
    const first = await session.prepare(await trainingStep());
    await first.close();
    const { total } = session.memory();
    for (let round = 0; round < 3; round++) {
      const state = session.keptValues().flatMap(({ kind, name }) => (kind === "state" ? name : []));
      await session.forget(state);
      await (await session.prepare(await trainingStep())).close();
    }
    expect(session.memory().total).toBe(total);
  });

  test.each([
    ["activations", 2 ** 20, /^plan: the network needs \d+ bytes of working memory, more than limits\.memoryBytes 1048576; use a smaller batch or image$/],
    [
      "weights and activations",
      3 * 2 ** 20,
      /^memory: \d+ bytes are in use, and \d+ for weights, .* limits\.memoryBytes, 3145728; use a smaller batch or image$/,
    ],
  ])("%s beyond limits.memoryBytes are refused before anything is allocated, and what was there goes on", async (_, bytes, message) => {
    const whole = limits.memoryBytes;
    limits.memoryBytes = bytes;
    try {
      const session = await open();
      const program = await session.prepare(layer());
      const before = session.memory();
      await expect(session.prepare(await trainingStep())).rejects.toThrow(LimitError);
      await expect(session.prepare(await trainingStep())).rejects.toThrow(message);
      expect(session.memory()).toEqual(before);
      expect(session.keptValues().map(({ name }) => name)).toEqual(["weight", "bias"]);
      await session.write("bias", Float32Array.of(1, 2, 3));
      expect((await program.run({ x: new Float32Array(2) })).y).toEqual(Float32Array.of(1, 2, 3));
    } finally {
      limits.memoryBytes = whole;
    }
  });
});

describe("arguments", () => {
  test("inputs of a wrong length, kind or name are refused", async () => {
    const session = await open();
    const program = await session.prepare(layer());
    await expect(program.run({})).rejects.toThrow(new ShapeError('run: input "x" is missing'));
    await expect(program.run({ x: new Float32Array(3) })).rejects.toThrow('run: input "x" has shape [1,2], expected 2 numbers, got 3');
    await expect(program.run({ x: new Int32Array(2) })).rejects.toThrow('run: input "x" expects a Float32Array');
    await expect(session.write("weight", new Float32Array(5))).rejects.toThrow('"weight" has shape [2,3], expected 6 numbers, got 5');
    await expect(session.read("other")).rejects.toThrow('no tensor is called "other"');
  });

  test("one name cannot be kept in two shapes", async () => {
    const session = await open();
    await session.prepare(layer());
    const graph = new Graph();
    graph.output("y", relu({ x: graph.keep("parameter", "weight", [3, 2]) }));
    await expect(session.prepare(graph)).rejects.toThrow('"weight" is kept as float32 [2,3] and a program asks for float32 [3,2]');
  });
});
