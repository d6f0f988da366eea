import type { MemoryUse } from "../runtime/session.js";

/** What a model needs at most, in bytes: its WebAssembly memory by purpose (`total` in all), and what lies outside of it. */
export interface PeakMemory extends MemoryUse {
  /** Arrays of JavaScript: prepared images on their way in, and what training keeps besides. */
  readonly staging: number;
  /** Decoded images that training keeps for its next epochs, at most: small sets need less. */
  readonly imageCache: number;
  /** WebAssembly memory of the teacher that a training learns from; 0 where there is none. */
  readonly teacher: number;
  /** The engine's code, and each worker thread with its own heap, decoder and image memory: a measured mean. */
  readonly threads: number;
  /** By how much the process grows: `total`, `staging`, `imageCache`, `teacher` and `threads`. */
  readonly process: number;
}

/** Growth of a Node 20 process by the engine's code and garbage, and by each of its threads once it has prepared images (bench/memory.ts). */
const engineBytes = { inference: 17e6, training: 38e6 };
const threadBytes = 25e6;

/** Adds to a session's memory what the process needs beside it for `work` on so many worker threads. */
export function peakMemory(
  use: MemoryUse,
  {
    work,
    staging,
    imageCache = 0,
    teacher = 0,
    threads,
  }: { work: keyof typeof engineBytes; staging: number; imageCache?: number; teacher?: number; threads: number },
): PeakMemory {
  const outside = engineBytes[work] + threads * threadBytes;
  return { ...use, staging, imageCache, teacher, threads: outside, process: use.total + staging + imageCache + teacher + outside };
}
