/** One thread of a program whose calls are timed, for profile.ts: runs when asked, and posts the milliseconds of each of its calls. */
import { parentPort, workerData } from "node:worker_threads";
import { type Barrier, makeBarrier, meet } from "../src/runtime/barrier.js";
import { bindKernels } from "../src/runtime/instance.js";
import { type Code, type Share, shareOf } from "../src/runtime/program.js";

export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly code: Code;
  readonly thread: number;
  readonly threads: number;
}

/** Milliseconds of each call, and at the end those of the whole run with what it waits for. */
export function timeCalls(share: Share, barrier?: Barrier): Float64Array {
  const times = new Float64Array(share.length + 1);
  const begin = performance.now();
  share.forEach(({ kernel, args, meet: needed }, i) => {
    if (needed && barrier) meet(barrier);
    const start = performance.now();
    if (args) kernel.apply(undefined, args as number[]);
    times[i] = performance.now() - start;
  });
  times[share.length] = performance.now() - begin;
  return times;
}

if (workerData?.code) {
  const { module, memory, code, thread, threads } = workerData as ThreadData;
  const share = shareOf(code, bindKernels(module, memory), thread, threads);
  const barrier = makeBarrier(memory.buffer, threads);
  parentPort?.on("message", () => parentPort?.postMessage(timeCalls(share, barrier)));
}
