import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { unlessAborted } from "../../src/core/abort.js";
import { atOnce, giveWay, inPieces, inSlices, type Slices } from "../../src/core/slices.js";

/** Milliseconds since the beginning of all tests: they pass where a test says that work takes some, and nowhere else. */
let clock = 1000;
beforeEach(() => void vi.spyOn(performance, "now").mockImplementation(() => clock));
afterEach(() => void vi.restoreAllMocks());

/** Keeps the thread busy. */
function work(milliseconds: number): void {
  clock += milliseconds;
}

function* steps(count: number, milliseconds: number): Slices<number> {
  let done = 0;
  for (; done < count; done++) {
    work(milliseconds);
    yield;
  }
  return done;
}

/** Tasks that this thread does while a promise is pending. */
async function turnsDuring(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let pending = true;
  const count = () => {
    turns++;
    if (pending) setImmediate(count);
  };
  setImmediate(count);
  await promise.finally(() => {
    pending = false;
  });
  return turns;
}

test("sliced work lets other tasks in between every eight milliseconds, and gives what it gives at once", async () => {
  expect(atOnce(steps(10, 0))).toBe(10);
  await giveWay();
  expect(await turnsDuring(inSlices(steps(10, 0)))).toBeLessThan(3);
  expect(await turnsDuring(inSlices(steps(20, 4)))).toBeGreaterThanOrEqual(9);
  expect(await turnsDuring((async () => atOnce(steps(20, 5)))())).toBeLessThan(3);
});

test("awaits in a row give way together: what matters is how long the thread has been at work", async () => {
  const many = async (milliseconds: number) => {
    for (let i = 0; i < 64; i++) {
      work(milliseconds);
      await giveWay();
    }
  };
  expect(await turnsDuring(many(1))).toBeGreaterThanOrEqual(7);
  await giveWay();
  expect(await turnsDuring(many(0))).toBeLessThan(3);
});

test("an abort is heard between two slices", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  let done = 0;
  const counted = function* (): Slices<void> {
    for (; done < 1000; done++) {
      work(2);
      if (done === 100) setImmediate(() => controller.abort(reason));
      yield;
    }
  };
  await expect(inSlices(counted(), controller.signal)).rejects.toBe(reason);
  expect(done).toBeGreaterThanOrEqual(100);
  expect(done).toBeLessThan(120);
  await expect(giveWay(controller.signal)).rejects.toBe(reason);
});

test("an array is converted piece by piece", async () => {
  const source = Float32Array.from({ length: 600_000 }, (_, i) => i % 1000);
  const sizes: number[] = [];
  const doubled = await inPieces(new Float32Array(source.length), source.length, (from, to) => {
    sizes.push(to - from);
    return source.subarray(from, to).map((value) => 2 * value);
  });
  expect(doubled).toEqual(source.map((value) => 2 * value));
  expect(sizes.length).toBeGreaterThan(1);
});

test("unlessAborted settles with whichever comes first, and leaves no listener behind", async () => {
  const reason = new Error("enough");
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(3), signal)).toBe(3);
  expect(await unlessAborted(Promise.resolve(3), undefined)).toBe(3);
  await expect(unlessAborted(Promise.reject(reason), signal)).rejects.toBe(reason);
  await expect(unlessAborted(Promise.resolve(3), AbortSignal.abort(reason))).rejects.toBe(reason);

  const controller = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = controller.signal;
  controller.signal.addEventListener = (type: string, listener: unknown) => {
    listeners.add(listener);
    addEventListener.call(controller.signal, type, listener as EventListener);
  };
  controller.signal.removeEventListener = (type: string, listener: unknown) => {
    listeners.delete(listener);
    removeEventListener.call(controller.signal, type, listener as EventListener);
  };
  let fail: (reason: Error) => void = () => {};
  const never = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const waiting = unlessAborted(never, controller.signal);
  expect(listeners.size).toBe(1);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(listeners.size).toBe(0);
  fail(new Error("late")); // nobody hears of it; an unhandled rejection would fail the run
});
