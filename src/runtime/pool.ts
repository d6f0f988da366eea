import * as errors from "../core/errors.js";
import { WorkerError } from "../core/errors.js";
import { type BinaryName, compileBinary } from "./binaries.js";
import { host, type Thread, type WorkerSource } from "./host.js";
import type { Failure, Message, Reply } from "./messages.js";
import { isScript, type ScriptName, scriptUrl } from "./scripts.js";

type Unsent<M = Message> = M extends { id: number } ? Omit<M, "id"> : never;

interface Worker {
  readonly thread: Thread;
  busy: boolean;
  hasTasks: boolean;
  readonly waiting: Map<number, { resolve(value: unknown): void; reject(error: Error): void }>;
}

interface Job {
  /** Workers `0..threads-1` together, or any one where `threads` is 0. */
  readonly threads: number;
  start(workers: readonly Worker[]): Promise<void>;
  cancel(error: Error): void;
}

/**
 * The threads of this process or page, shared by all models. Programs need several threads at once and go first;
 * tasks (decoding, augmentation) fill the time between them, one thread each, so no core runs two things at a time.
 */
export class Pool {
  private readonly workers: Worker[] = [];
  private readonly programs: Job[] = [];
  private readonly tasks: Job[] = [];
  private nextId = 0;
  private failure?: Error;

  private constructor(private readonly spawn: () => Thread) {}

  static async start(threads: number, source: WorkerSource): Promise<Pool> {
    const { spawn } = await host();
    if (!spawn) throw new WorkerError("this runtime has no workers; use `inline: true`");
    const pool = new Pool(() => spawn(source));
    pool.grow(threads);
    return pool;
  }

  get threads(): number {
    return this.workers.length;
  }

  /** Whether a thread died, after which nothing can run here. */
  get broken(): boolean {
    return this.failure !== undefined;
  }

  /** Makes the pool at least this wide. */
  grow(threads: number): void {
    while (this.workers.length < threads) this.workers.push(this.hire());
  }

  /** Sends a message to workers `0..threads-1`, in order with all other messages, and waits for their answers. */
  async tell(threads: number, message: (thread: number) => Unsent): Promise<unknown[]> {
    return Promise.all(this.workers.slice(0, threads).map((worker, thread) => this.ask(worker, message(thread))));
  }

  /** Sends a message that has no answer. */
  announce(threads: number, message: Message): void {
    if (!this.failure) for (const { thread } of this.workers.slice(0, threads)) thread.post(message);
  }

  /** Runs a program on workers `0..threads-1` as soon as all of them are free. */
  run(threads: number, session: number, program: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.enqueue(this.programs, {
        threads,
        start: (workers) => Promise.all(workers.map((worker) => this.ask(worker, { type: "run", session, program }))).then(() => resolve(), reject),
        cancel: reject,
      });
    });
  }

  /** Runs a function of the task module (`src/data/worker-tasks.ts`) on any free worker. */
  task<T>(name: string, payload: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
    return this.anyWorker(async (worker) => {
      signal?.throwIfAborted();
      if (!worker.hasTasks) {
        worker.thread.post({ type: "tasks", url: await scriptUrl("tasks") });
        worker.hasTasks = true;
      }
      return (await this.ask(worker, { type: "task", name, payload })) as T;
    });
  }

  /** SHA-256 of a copy of some bytes, by any free worker. */
  digest(data: Uint8Array): Promise<ArrayBuffer> {
    return this.anyWorker((worker) => this.ask(worker, { type: "digest", data }) as Promise<ArrayBuffer>);
  }

  private anyWorker<T>(work: (worker: Worker) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.enqueue(this.tasks, { threads: 0, start: ([worker]) => work(worker).then(resolve, reject), cancel: reject });
    });
  }

  /** Ends all threads. What waits fails. */
  close(reason: Error = new WorkerError("the pool was closed")): void {
    if (this.failure) return;
    this.failure = reason;
    for (const { thread, waiting } of this.workers) {
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
      thread.terminate();
    }
    for (const job of [...this.programs.splice(0), ...this.tasks.splice(0)]) job.cancel(reason);
  }

  private hire(): Worker {
    const worker: Worker = { thread: this.spawn(), busy: false, hasTasks: false, waiting: new Map() };
    worker.thread.onMessage((message) => {
      const reply = message as Reply;
      if ("needs" in reply) return this.supply(worker.thread, reply.needs);
      const { id, value, error } = reply;
      const asker = worker.waiting.get(id);
      worker.waiting.delete(id);
      if (worker.waiting.size === 0) worker.thread.keepAlive(false);
      if (error) asker?.reject(revive(error));
      else asker?.resolve(value);
    });
    worker.thread.onExit((reason) => this.close(new WorkerError(`a worker thread ended: ${reason.message}`, { cause: reason })));
    return worker;
  }

  /** Sends what a thread asks for: a binary, compiled once for all threads, or where a script is. */
  private supply({ post }: Thread, name: BinaryName | ScriptName): void {
    const found: Promise<WebAssembly.Module | string> = isScript(name) ? scriptUrl(name) : compileBinary(name);
    found.catch(({ name, message, stack }: Error) => ({ name, message, stack })).then((module) => post({ type: "module", name, module } satisfies Message));
  }

  private ask(worker: Worker, message: Unsent): Promise<unknown> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      if (worker.waiting.size === 0) worker.thread.keepAlive(true);
      worker.waiting.set(id, { resolve, reject });
      worker.thread.post({ ...message, id });
    });
  }

  private enqueue(queue: Job[], job: Job): void {
    if (this.failure) return job.cancel(this.failure);
    queue.push(job);
    this.pump();
  }

  /** Starts what can start: the first program when its threads are free; tasks only while no program waits. */
  private pump(): void {
    const [program] = this.programs;
    if (program) {
      const workers = this.workers.slice(0, program.threads);
      if (workers.some(({ busy }) => busy)) return;
      this.programs.shift();
      this.begin(program, workers);
    }
    if (this.programs.length > 0) return;
    for (let i = this.workers.length - 1; i >= 0 && this.tasks.length > 0; i--) {
      if (!this.workers[i].busy) this.begin(this.tasks.shift() as Job, [this.workers[i]]);
    }
  }

  private begin(job: Job, workers: readonly Worker[]): void {
    for (const worker of workers) worker.busy = true;
    job.start(workers).then(() => {
      for (const worker of workers) worker.busy = false;
      this.pump();
    });
  }
}

/** The error that a worker threw, as the class that it was there. */
export function revive({ name, message, stack }: Failure): Error {
  const Known = (errors as unknown as Record<string, new (message: string) => Error>)[name];
  const error = Known && name !== "OcelliError" ? new Known(message) : new WorkerError(message);
  if (!Known && stack) error.stack = stack;
  return error;
}

/** Threads of the pool unless asked otherwise: all cores, at most 8. */
export async function defaultThreads(): Promise<number> {
  return Math.max(1, Math.min((await host()).parallelism, 8));
}

let shared: Promise<Pool> | undefined;
let workerUrl: string | URL | undefined;

/** Serves the worker from a URL, for pages whose policy forbids workers from blobs. Call before the first model. */
export function setWorkerUrl(url: string | URL): void {
  workerUrl = url;
}

/** The pool, where there is one that works. */
export async function runningPool(): Promise<Pool | undefined> {
  const running = await shared?.catch(() => undefined);
  return running?.broken ? undefined : running;
}

/** The pool of this process or page, started on first use and made anew after a thread died. */
export async function pool(threads: number): Promise<Pool> {
  const known = shared;
  if (known && !(await runningPool()) && shared === known) shared = undefined; // else another call has made it anew
  shared ??= (async () => Pool.start(threads, workerUrl ? { url: workerUrl } : { text: (await import("../generated/worker-source.js")).workerSource }))();
  const running = await shared;
  running.grow(threads);
  return running;
}
