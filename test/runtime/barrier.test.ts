import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterEach, expect, test } from "vitest";

/** Word indices of `src/runtime/barrier.ts`, which this test watches from outside. */
const generation = 32;
const sleepers = 48;
/** Words of the test's own: what the last thread waits for, and how many have done with the barrier. */
const gate = 300;
const done = 301;

const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

/** Threads that run `body` with the barrier's functions, their number, and the words; they post what it gives or throws. */
async function threads(count: number, body: string): Promise<{ words: Int32Array; results: Promise<unknown>[] }> {
  const source = await build({
    stdin: {
      contents: `
        import { parentPort, workerData } from "node:worker_threads";
        import { breakBarrier, makeBarrier, meet } from ${JSON.stringify(resolve(import.meta.dirname, "../../src/runtime/barrier.ts"))};
        const { buffer, thread, threads } = workerData;
        const words = new Int32Array(buffer);
        const barrier = makeBarrier(buffer, threads);
        const run = () => { ${body} };
        try { parentPort.postMessage({ value: run() }); } catch (error) { parentPort.postMessage({ error: error.message }); }`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
  });
  const buffer = new SharedArrayBuffer(2048);
  const results = Array.from({ length: count }, (_, thread) => {
    const worker = new Worker(source.outputFiles[0].text, { eval: true, workerData: { buffer, thread, threads: count } });
    workers.push(worker);
    return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  });
  return { words: new Int32Array(buffer), results };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test("no thread goes on before all have come, round after round", async () => {
  const { results } = await threads(
    3,
    `for (let round = 1; round <= 300; round++) {
       Atomics.add(words, ${done}, 1);
       meet(barrier);
       if (Atomics.load(words, ${done}) !== 3 * round) return round;
       meet(barrier);
     }
     return "together";`,
  );
  expect(await Promise.all(results)).toEqual([{ value: "together" }, { value: "together" }, { value: "together" }]);
});

test("threads that wait long fall asleep, and the last one wakes them", async () => {
  const { words, results } = await threads(3, `if (thread === 2) Atomics.wait(words, ${gate}, 0); meet(barrier); meet(barrier); return "awake";`);
  await until(() => Atomics.load(words, sleepers) === 2);
  expect(Atomics.load(words, generation)).toBe(0);
  Atomics.store(words, gate, 1);
  Atomics.notify(words, gate);
  expect(await Promise.all(results)).toEqual([{ value: "awake" }, { value: "awake" }, { value: "awake" }]);
  expect(Atomics.load(words, sleepers)).toBe(0);
  expect(Atomics.load(words, generation)).toBe(2);
});

test("a thread that fails frees those that sleep", async () => {
  const { words, results } = await threads(
    3,
    `if (thread === 2) { Atomics.wait(words, ${gate}, 0); breakBarrier(barrier); return "broke"; } meet(barrier); return "met";`,
  );
  await until(() => Atomics.load(words, sleepers) === 2);
  Atomics.store(words, gate, 1);
  Atomics.notify(words, gate);
  const failed = { error: "another thread of this program failed" };
  expect(await Promise.all(results)).toEqual([failed, failed, { value: "broke" }]);
});

test("a thread that comes after the failure does not wait for ever", async () => {
  const { words, results } = await threads(
    2,
    `if (thread === 1) { breakBarrier(barrier); return "broke"; } Atomics.wait(words, ${gate}, 0); meet(barrier); return "met";`,
  );
  expect(await results[1]).toEqual({ value: "broke" });
  Atomics.store(words, gate, 1);
  Atomics.notify(words, gate);
  expect(await results[0]).toEqual({ error: "another thread of this program failed" });
});
