import { bytesPerElement } from "../core/dtype.js";
import { ArgumentError, ClosedError, LimitError, ShapeError, WorkerError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { formatShape, sizeOf } from "../core/shape.js";
import type { Graph, Value } from "../graph/graph.js";
import { padded } from "../plan/arena.js";
import { type CompileOptions, compile, type Operand, type Plan } from "../plan/compile.js";
import { callsAddress, mostThreads } from "./barrier.js";
import { type Backend, firstAddress, inlineBackend, sharedBackend, workerBackend } from "./backend.js";
import { type BuildChoice, chooseBuild } from "./choose-build.js";
import { Heap } from "./heap.js";
import { host } from "./host.js";
import type { Build } from "./instance.js";
import { defaultThreads, pool } from "./pool.js";
import { link } from "./program.js";

export type TensorData = Float32Array | Int32Array | Uint8Array;

export interface SessionOptions {
  /** Which kernels: `auto` (default) is the fastest that the engine computes rightly; `simd` gives the same bits everywhere; see docs/builds.md. */
  readonly build?: BuildChoice;
  /** Threads of one program, 1 to 128; default all cores, at most 8. */
  readonly threads?: number;
  /** Runs in the caller's thread, without workers; default only where there are none. */
  readonly inline?: boolean;
  /** Lets convolutions use Winograd's algorithm in the builds that allow it: faster, and a little less exact. Default true. */
  readonly winograd?: boolean;
}

export type PrepareOptions = Pick<CompileOptions, "build" | "gradientCheckpointing">;

/** Bytes of a session's memory by purpose. */
export interface MemoryUse {
  readonly parameters: number;
  readonly optimizer: number;
  readonly derived: number;
  readonly activations: number;
  readonly total: number;
}

const keptBytes = (value: Value) => sizeOf(value.shape) * bytesPerElement[value.dtype];

/** One model's memory with everything it keeps, and the programs that run on it, one at a time. */
export class Session {
  private readonly heap = new Heap(firstAddress);
  private readonly kept = new Map<string, { value: Value; address: number }>();
  private readonly derived = new Map<string, { address: number; bytes: number; users: number }>();
  /** Working memory, shared by all programs, because they run one after another and leave nothing in it. */
  private arena = { address: 0, bytes: 0 };
  /** Counts changes of kept tensors, and when each changed last. */
  private clock = 0;
  private readonly changedAt = new Map<string, number>();
  private queue: Promise<unknown> = Promise.resolve();
  private nextProgram = 0;
  private closed = false;
  private lost?: Error;

  private constructor(
    private readonly backend: Backend,
    readonly build: Build,
    private readonly winograd: boolean,
  ) {}

  static async open({ build, threads, inline, winograd = true }: SessionOptions = {}): Promise<Session> {
    if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads))
      throw new ArgumentError(`threads: expected a whole number from 1 to ${mostThreads}, got ${threads}`);
    const { spawn, sharedMemory } = await host();
    const chosen = await chooseBuild(build);
    const wide = threads ?? (await defaultThreads());
    const backend = inline || !spawn ? await inlineBackend() : sharedMemory ? await sharedBackend(await pool(wide), wide) : await workerBackend(await pool(1));
    const session = new Session(backend, chosen, winograd);
    abandoned.register(session, backend, session);
    return session;
  }

  get threads(): number {
    return this.backend.threads;
  }

  /** Makes a program of a graph: plans its memory and allocates it. `build` defaults to the session's. */
  async prepare(graph: Graph, { build = this.build, gradientCheckpointing }: PrepareOptions = {}): Promise<Program> {
    return this.exclusive(async () => {
      const plan = compile(graph, { build, threads: this.threads, winograd: this.winograd, gradientCheckpointing });
      this.checkRoom(plan.kept, plan);
      for (const value of plan.kept) await this.keep(value);
      const used: string[] = [];
      try {
        for (const [key, bytes] of plan.derived) {
          const known = this.derived.get(key);
          if (known) known.users++;
          else this.derived.set(key, { address: this.heap.allocate(bytes, "packed weights"), bytes, users: 1 });
          used.push(key);
        }
        await this.reserveArena(plan.arenaBytes);
      } catch (error) {
        this.releaseDerived(used);
        throw error;
      }
      return new Program(this, plan, build, this.nextProgram++);
    });
  }

  /** Makes room for a graph's kept tensors without making a program; new ones are zeros. */
  async keepAll(graph: Graph): Promise<void> {
    return this.exclusive(async () => {
      this.checkRoom(graph.kept.values());
      for (const value of graph.kept.values()) await this.keep(value);
    });
  }

  /** Names and shapes of all that is kept, in order of first use. */
  keptValues(): Value[] {
    return [...this.kept.values()].map(({ value }) => value);
  }

  /** Writes a kept tensor, in the layout that it has in memory. */
  async write(name: string, data: TensorData): Promise<void> {
    return this.exclusive(async () => {
      const { value, address } = this.keptEntry(name);
      if (data.length !== sizeOf(value.shape))
        throw new ShapeError(`"${name}" has shape ${formatShape(value.shape)}, expected ${sizeOf(value.shape)} numbers, got ${data.length}`);
      await this.backend.write(address, bytesOf(data));
      this.changedAt.set(name, ++this.clock);
    });
  }

  /** Reads a kept tensor, in the layout that it has in memory. */
  async read(name: string): Promise<Float32Array> {
    return this.exclusive(async () => {
      const { value, address } = this.keptEntry(name);
      return new Float32Array((await this.backend.read(address, keptBytes(value))).buffer as ArrayBuffer);
    });
  }

  /** Forgets kept tensors, such as an optimiser's state after training. */
  async forget(names: readonly string[]): Promise<void> {
    return this.exclusive(async () => {
      for (const name of names) {
        this.heap.release(this.keptEntry(name).address);
        this.kept.delete(name);
      }
    });
  }

  memory(): MemoryUse {
    const sum = (kinds: string) => [...this.kept.values()].reduce((bytes, { value }) => bytes + (kinds.includes(value.kind) ? keptBytes(value) : 0), 0);
    const derived = [...this.derived.values()].reduce((bytes, entry) => bytes + entry.bytes, 0);
    return { parameters: sum("parameter buffer"), optimizer: sum("state"), derived, activations: this.arena.bytes, total: this.heap.end };
  }

  /** Frees the memory now instead of when the session is collected. Waiting calls fail. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    abandoned.unregister(this);
    this.backend.close();
  }

  /** @internal Kernel calls that each thread has made so far; none are counted where there is only one. */
  async kernelCalls(): Promise<readonly number[]> {
    if (this.threads === 1) return [];
    return this.exclusive(async () => [...new Int32Array((await this.backend.read(callsAddress, 4 * this.threads)).buffer as ArrayBuffer)]);
  }

  /** @internal One run of a program: brings derived data up to date, copies inputs in, runs, copies outputs out. */
  async runProgram(program: Program, inputs: Readonly<Record<string, TensorData>>, signal?: AbortSignal): Promise<Record<string, Float32Array>> {
    const { plan, id } = program;
    for (const [name, { value }] of plan.inputs) {
      const data = inputs[name];
      if (!data) throw new ShapeError(`run: input "${name}" is missing`);
      if (data.length !== sizeOf(value.shape))
        throw new ShapeError(`run: input "${name}" has shape ${formatShape(value.shape)}, expected ${sizeOf(value.shape)} numbers, got ${data.length}`);
      if (value.dtype === "float32" && !(data instanceof Float32Array)) throw new ShapeError(`run: input "${name}" expects a Float32Array`);
    }
    return this.exclusive(async () => {
      signal?.throwIfAborted();
      await this.reserveArena(plan.arenaBytes);
      if (program.arena !== this.arena.address) await this.load(program);
      if (plan.sources.some((name) => (this.changedAt.get(name) ?? 0) > program.preparedAt)) {
        await this.backend.run(2 * id);
        program.preparedAt = this.clock;
      }
      for (const [name, { at }] of plan.inputs) await this.backend.write(this.address(at as Place), bytesOf(inputs[name]));
      await this.backend.run(2 * id + 1);
      if (plan.changes.length > 0) {
        this.clock++;
        for (const name of plan.changes) this.changedAt.set(name, this.clock);
      }
      const outputs: Record<string, Float32Array> = {};
      for (const [name, { value, at }] of plan.outputs) {
        outputs[name] = new Float32Array((await this.backend.read(this.address(at as Place), sizeOf(value.shape) * 4)).buffer as ArrayBuffer);
      }
      return outputs;
    });
  }

  /** @internal */
  async releaseProgram({ plan, id }: Program): Promise<void> {
    return this.exclusive(async () => {
      this.releaseDerived(plan.derived.keys());
      this.backend.unload(2 * id);
      this.backend.unload(2 * id + 1);
    });
  }

  /** @throws {LimitError} before anything is allocated, when it would not fit */
  private checkRoom(kept: Iterable<Value>, { derived, arenaBytes }: Pick<Plan, "derived" | "arenaBytes"> = { derived: new Map(), arenaBytes: 0 }): void {
    let weights = 0;
    let packed = 0;
    for (const value of kept) if (!this.kept.has(value.name)) weights += padded(keptBytes(value));
    for (const [key, bytes] of derived) if (!this.derived.has(key)) packed += padded(bytes);
    const working = Math.max(0, arenaBytes - this.arena.bytes);
    if (this.heap.used + weights + packed + working > limits.memoryBytes) {
      throw new LimitError(
        `memory: ${this.heap.used} bytes are in use, and ${weights} for weights, ${packed} for packed weights and ${working} for activations would pass limits.memoryBytes, ${limits.memoryBytes}; use a smaller batch or image`,
      );
    }
  }

  /** Makes the working memory at least this large. What fails leaves none, and the next program to run asks again. */
  private async reserveArena(bytes: number): Promise<void> {
    if (bytes > this.arena.bytes) {
      if (this.arena.bytes > 0) this.heap.release(this.arena.address);
      this.arena = { address: 0, bytes: 0 };
      this.arena = { address: this.heap.allocate(bytes, "activations"), bytes };
    }
    await this.backend.grow(this.heap.end + 64);
  }

  private releaseDerived(keys: Iterable<string>): void {
    for (const key of keys) {
      const entry = this.derived.get(key);
      if (!entry || --entry.users > 0) continue;
      this.heap.release(entry.address);
      this.derived.delete(key);
    }
  }

  /** Links a program's two call lists to addresses as they are now: even ids fill derived data, odd ids run. */
  private async load(program: Program): Promise<void> {
    const address = (at: Place) => this.address(at);
    await this.backend.load(2 * program.id, link(program.plan.prepare, address), program.build);
    await this.backend.load(2 * program.id + 1, link(program.plan.calls, address), program.build);
    program.arena = this.arena.address;
  }

  private address(at: Place): number {
    const base =
      at.region === "arena" ? this.arena.address : at.region === "kept" ? this.keptEntry(at.key).address : (this.derived.get(at.key)?.address as number);
    return base + at.offset;
  }

  /** Allocates a kept tensor at first sight, filled with zeros. */
  private async keep(value: Value): Promise<void> {
    const known = this.kept.get(value.name);
    if (known) {
      if (formatShape(known.value.shape) !== formatShape(value.shape))
        throw new ShapeError(`"${value.name}" is kept as ${formatShape(known.value.shape)} and a program asks for ${formatShape(value.shape)}`);
      return;
    }
    const bytes = keptBytes(value);
    const address = this.heap.allocate(bytes, `"${value.name}"`);
    await this.backend.grow(this.heap.end + 64);
    await this.backend.write(address, new Uint8Array(bytes));
    this.kept.set(value.name, { value, address });
    this.changedAt.set(value.name, ++this.clock);
  }

  private keptEntry(name: string): { value: Value; address: number } {
    const entry = this.kept.get(name);
    if (!entry) throw new ArgumentError(`no tensor is called "${name}"`);
    return entry;
  }

  /** Calls take turns in order. A failure of the memory or a thread closes the session; it never runs on damaged data. */
  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(async () => {
      if (this.closed) throw new ClosedError("this model was closed");
      if (this.lost) throw new WorkerError(`this session failed earlier: ${this.lost.message}`, { cause: this.lost });
      try {
        return await work();
      } catch (cause) {
        if (this.closed) throw new ClosedError("this model was closed", { cause });
        const error = cause instanceof WebAssembly.RuntimeError ? new WorkerError(`a kernel failed: ${cause.message}`, { cause }) : cause;
        if (error instanceof WorkerError) {
          this.lost = error;
          this.backend.close();
        }
        throw error;
      }
    });
    this.queue = turn.catch(() => {});
    return turn;
  }
}

type Place = Exclude<Operand, number>;

function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Sessions that nobody holds any more give their memory back. */
const abandoned = new FinalizationRegistry<Backend>((backend) => backend.close());

/** A graph made ready to run on a session's memory. */
export class Program {
  /** @internal Address of the arena that the loaded code refers to, and the session's clock at the last `prepare`. */
  arena = -1;
  preparedAt = 0;

  /** @internal */
  constructor(
    private readonly session: Session,
    readonly plan: Plan,
    readonly build: Build,
    readonly id: number,
  ) {}

  /**
   * Runs once. `inputs` has one array per graph input, NHWC.
   *
   * @returns a Float32Array per graph output, a copy of its own
   * @throws {ShapeError} for a missing input or one of the wrong length; the signal's reason when aborted before the start
   */
  run(inputs: Readonly<Record<string, TensorData>>, { signal }: { signal?: AbortSignal } = {}): Promise<Record<string, Float32Array>> {
    return this.session.runProgram(this, inputs, signal);
  }

  /** Frees what only this program uses. */
  close(): Promise<void> {
    return this.session.releaseProgram(this);
  }
}
