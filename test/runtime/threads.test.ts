import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { WorkerError } from "../../src/core/errors.js";
import { type Build, hasBuild } from "../../src/runtime/instance.js";
import { pool } from "../../src/runtime/pool.js";
import { Session, type SessionOptions } from "../../src/runtime/session.js";
import { fill, train, trainingStep } from "./training-program.js";

const steps = 4;
const opened: Session[] = [];
afterAll(() => {
  for (const session of opened) session.close();
});

async function run(options: SessionOptions) {
  const session = await Session.open(options);
  opened.push(session);
  const program = await session.prepare(await trainingStep());
  await fill(session);
  const before = new Map<string, Float32Array>();
  for (const { name, kind } of session.keptValues()) if (kind === "parameter") before.set(name, await session.read(name));
  const counts = [await session.kernelCalls()];
  const result = await train(session, program, steps);
  counts.push(await session.kernelCalls());
  return { ...result, before, counts, calls: program.plan.calls.length };
}

describe.each<Build>((["simd", "relaxed"] as const).filter(hasBuild))("%s", (build) => {
  test(`inline, in one worker and on two threads ${steps} training steps give the same bits, and both threads work`, async () => {
    const inline = await run({ build, inline: true });
    expect(inline.losses[steps - 1]).toBeLessThan(inline.losses[0]);
    for (const [name, values] of inline.kept) expect(values.every(Number.isFinite), name).toBe(true);
    for (const [name, values] of inline.before) expect(inline.kept.get(name), `${name} moved`).not.toEqual(values);

    for (const threads of [1, 2]) {
      const other = await run({ build, threads });
      expect(other.losses).toEqual(inline.losses);
      expect([...other.kept.keys()]).toEqual([...inline.kept.keys()]);
      for (const [name, values] of inline.kept) expect(Buffer.compare(bytes(other.kept.get(name)), bytes(values)), name).toBe(0);
      if (threads === 1) continue;
      expect(other.counts[0]).toEqual([0, 0]);
      for (const count of other.counts[1]) {
        expect(count).toBeGreaterThan((steps * other.calls) / 2);
        expect(count).toBeLessThanOrEqual(steps * other.calls);
      }
    }
  });
});

test.skipIf(hasBuild("relaxed"))("a build that the engine does not take is refused", async () => {
  await expect(Session.open({ build: "relaxed" })).rejects.toThrow(WorkerError);
});

test.each([0, 1.5, -1, 1000])("threads: %d is refused", async (threads) => {
  await expect(Session.open({ threads })).rejects.toThrow(/threads: expected a whole number from 1 to 128/);
});

function bytes(values: Float32Array | undefined): Uint8Array {
  return new Uint8Array(values?.buffer ?? new ArrayBuffer(0));
}

test("a worker hashes what it is given, and leaves it where it is", async () => {
  const data = Uint8Array.from({ length: 70_000 }, (_, i) => i % 253);
  const copy = data.slice();
  const digest = await (await pool(1)).digest(data);
  expect(Buffer.from(digest).toString("hex")).toBe(createHash("sha256").update(copy).digest("hex"));
  expect(data).toEqual(copy);
});
