import { WorkerError } from "../core/errors.js";
import type { Slices } from "../core/slices.js";
import type { Call, Operand } from "../plan/compile.js";
import { type Barrier, countCalls, meet } from "./barrier.js";
import type { Kernels } from "./instance.js";

/** A program as numbers, ready to be posted: per call `kernel, first unit, units, meet, arguments, (value, step per thread)...`. */
export interface Code {
  readonly kernels: readonly string[];
  readonly words: Float64Array;
}

/** Fills addresses into a list of calls. */
export function* link(calls: readonly Call[], address: (at: Exclude<Operand, number>) => number): Slices<Code> {
  const kernels: string[] = [];
  const indices = new Map<string, number>();
  const words: number[] = [];
  for (const { kernel, args, first, units, meet } of calls) {
    yield;
    let index = indices.get(kernel);
    if (index === undefined) {
      index = kernels.push(kernel) - 1;
      indices.set(kernel, index);
    }
    words.push(index, first, units, Number(meet), args.length);
    for (const arg of args) {
      if (typeof arg === "number") words.push(arg, 0);
      else words.push(address(arg), arg.region === "arena" ? arg.stride : 0);
    }
  }
  return { kernels, words: Float64Array.from(words) };
}

/** One thread's view of a call: the kernel with its arguments, its share of the units baked in; null where it has none. */
export interface ShareOfCall {
  readonly kernel: (...args: number[]) => unknown;
  readonly args: readonly number[] | null;
  /** Whether all threads meet before it. */
  readonly meet: boolean;
}
export type Share = readonly ShareOfCall[];

/** @throws {WorkerError} when the binary lacks a kernel that the program calls */
export function shareOf({ kernels, words }: Code, exports: Kernels, thread: number, threads: number): Share {
  const functions = kernels.map((name) => {
    const kernel = exports[name];
    if (!kernel) throw new WorkerError(`kernel ${name} is not in this binary`);
    return kernel;
  });
  const share: ShareOfCall[] = [];
  for (let at = 0; at < words.length; ) {
    const kernel = functions[words[at]];
    const first = words[at + 1];
    const units = words[at + 2];
    const meet = words[at + 3] === 1;
    const count = words[at + 4];
    at += 5;
    const args = new Array<number>(count + 2);
    for (let i = 0; i < count; i++, at += 2) args[i] = words[at] + words[at + 1] * thread;
    args[count] = first + Math.floor((units * thread) / threads);
    args[count + 1] = first + Math.floor((units * (thread + 1)) / threads);
    share.push({ kernel, args: args[count] < args[count + 1] ? args : null, meet });
  }
  return share;
}

/** Runs the share of a thread that is alone. */
export function runShare(share: Share): void {
  for (const { kernel, args } of share) if (args) kernel.apply(undefined, args as number[]);
}

/** Runs one thread's share; all threads meet where a call needs what others did. */
export function runTogether(share: Share, barrier: Barrier, thread: number): void {
  let calls = 0;
  for (const { kernel, args, meet: needed } of share) {
    if (needed) meet(barrier);
    if (args) {
      kernel.apply(undefined, args as number[]);
      calls++;
    }
  }
  countCalls(barrier, thread, calls);
}
