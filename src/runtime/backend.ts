import { barrierBytes } from "./barrier.js";
import type { BinaryName } from "./binaries.js";
import { bindModules, type Build, compileKernels, type Kernels } from "./instance.js";
import { createMemory, growMemory, pressCollector } from "./memory.js";
import { limits } from "../core/limits.js";
import type { Pool } from "./pool.js";
import { type Code, runShare, type Share, shareOf } from "./program.js";

/** Where a session's memory lives and its programs run. Addresses are bytes from the start of that memory. */
export interface Backend {
  readonly threads: number;
  /** Resolves once the threads know the memory, rejects where they did not start. */
  readonly started: Promise<void>;
  grow(bytes: number): Promise<void>;
  write(address: number, data: Uint8Array): Promise<void>;
  /** The memory itself, until it grows; not there where another thread owns it. */
  view?(address: number, length: number): Float32Array;
  /** A copy of `bytes` bytes. */
  read(address: number, bytes: number): Promise<Uint8Array>;
  load(program: number, code: Code, build: Build): Promise<void>;
  unload(program: number): void;
  run(program: number): Promise<void>;
  close(): void;
}

/** First address that is not the barrier's or the binary's static data. */
export const firstAddress = 65536;
const initialBytes = firstAddress + barrierBytes;

/** In the caller's thread: for runtimes without workers, and for tests. */
export function inlineBackend(): Backend {
  const memory = createMemory(initialBytes, { maximumBytes: limits.memoryBytes });
  const kernels = new Map<BinaryName, Kernels>();
  const programs = new Map<number, Share>();
  return {
    threads: 1,
    started: Promise.resolve(),
    grow: async (bytes) => growMemory(memory, bytes),
    write: async (address, data) => new Uint8Array(memory.buffer).set(data, address),
    view: (address, length) => new Float32Array(memory.buffer, address, length),
    read: async (address, bytes) => new Uint8Array(memory.buffer).slice(address, address + bytes),
    load: async (program, code, build) => {
      programs.set(program, shareOf(code, bindModules(await compileKernels(build, code.kernels), memory, kernels), 0, 1));
    },
    unload: (program) => void programs.delete(program),
    run: async (program) => runShare(programs.get(program) as Share),
    close: () => programs.clear(),
  };
}

let nextSession = 0;

/** The answers to `open`; a failure is thrown where it is waited for. */
function opening(answers: Promise<unknown>): Promise<void> {
  const started = answers.then(() => {});
  started.catch(() => {});
  return started;
}

/** On shared memory: all threads of the pool see it, and so does the caller, who copies in and out without messages. */
export function sharedBackend(pool: Pool, threads: number, { crowded }: { crowded: boolean }): Backend {
  const session = nextSession++;
  const memory = createMemory(initialBytes, { shared: true, maximumBytes: limits.memoryBytes });
  const started = opening(pool.tell(threads, (thread) => ({ type: "open", session, memory, thread, threads, crowded })));
  return {
    threads,
    started,
    grow: async (bytes) => growMemory(memory, bytes),
    write: async (address, data) => new Uint8Array(memory.buffer).set(data, address),
    view: (address, length) => new Float32Array(memory.buffer, address, length),
    read: async (address, bytes) => {
      const copy = new Uint8Array(bytes);
      copy.set(new Uint8Array(memory.buffer, address, bytes));
      return copy;
    },
    load: async (program, code, build) =>
      pool.announce(threads, { type: "load", session, program, code, modules: await compileKernels(build, code.kernels, { shared: true }) }),
    unload: (program) => pool.announce(threads, { type: "unload", session, program }),
    run: (program) => started.then(() => pool.run(threads, session, program)),
    close() {
      pool.announce(threads, { type: "close", session });
      pressCollector(memory);
    },
  };
}

/** In one worker that owns the memory: off the caller's thread where memory cannot be shared. */
export function workerBackend(pool: Pool): Backend {
  const session = nextSession++;
  const started = opening(pool.tell(1, (thread) => ({ type: "open", session, memory: { bytes: initialBytes }, thread, threads: 1 })));
  const one = async (message: Parameters<Pool["tell"]>[1]) => (await pool.tell(1, message))[0];
  return {
    threads: 1,
    started,
    grow: async (bytes) => void (await one(() => ({ type: "grow", session, bytes }))),
    // A view would be posted with all of the buffer behind it.
    write: async (address, data) => void (await one(() => ({ type: "write", session, address, data: data.slice() }))),
    read: async (address, bytes) => (await one(() => ({ type: "read", session, address, bytes }))) as Uint8Array,
    load: async (program, code, build) => pool.announce(1, { type: "load", session, program, code, modules: await compileKernels(build, code.kernels) }),
    unload: (program) => pool.announce(1, { type: "unload", session, program }),
    run: (program) => started.then(() => pool.run(1, session, program)),
    close: () => pool.announce(1, { type: "close", session }),
  };
}
