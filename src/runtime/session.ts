import { ArgumentError, ClosedError, ShapeError, WorkerError } from "../core/errors.js";
import { formatShape, sizeOf } from "../core/shape.js";
import { giveWay, inSlices, type Slices } from "../core/slices.js";
import type { Graph, Value } from "../graph/graph.js";
import { type CompileOptions, compiling, type Operand, type Plan } from "../plan/compile.js";
import { callsAddress, mostThreads } from "./barrier.js";
import { type Backend, inlineBackend, sharedBackend, workerBackend } from "./backend.js";
import { cameCompiled } from "./binaries.js";
import { type BuildChoice, chooseBuild } from "./choose-build.js";
import { host } from "./host.js";
import { type Build, checkDots } from "./instance.js";
import { defaultThreads, pool } from "./pool.js";
import { keptBytes, MemoryMap, type MemoryUse, neededBytes } from "./memory-map.js";
import { link } from "./program.js";

export type { MemoryUse };
export type TensorData = Float32Array | Int32Array | Uint8Array | Int8Array;
const arrayTypes = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array, int8: Int8Array };

export interface SessionOptions {
  /** Which kernels: `auto` (default) is the fastest that the engine computes rightly; `simd` gives the same bits everywhere; see docs/builds.md. */
  readonly build?: BuildChoice;
  /** Threads of one program, 1 to 128; default all cores, at most 8. */
  readonly threads?: number;
  /** Runs in the caller's thread, without workers; default only where there are none. */
  readonly inline?: boolean;
  /** Lets 3x3 convolutions use Winograd's algorithm where a rule on their shape takes it: faster, and a little less exact. Default true. */
  readonly winograd?: boolean;
}

export type PrepareOptions = Pick<CompileOptions, "build" | "rewrite">;

/** One model's memory with everything it keeps, and the programs that run on it, one at a time. */
export class Session {
  private map = MemoryMap.empty();
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
    /** @internal Whether convolutions may use Winograd's algorithm. */
    readonly winograd: boolean,
    /** Worker threads that programs and the preparation of images use; 0 where the caller's thread does all. */
    readonly poolThreads: number,
  ) {}

  static async open(options: SessionOptions = {}): Promise<Session> {
    const { build, poolThreads, makeBackend } = await engineFor(options);
    const backend = makeBackend();
    const session = new Session(backend, build, options.winograd ?? true, poolThreads);
    abandoned.register(session, backend, session);
    return session;
  }

  /** Starts threads and compiles kernels for a session that will be opened with these options, while the caller still reads its file. */
  static warm(options: SessionOptions): void {
    engineFor(options).catch(() => {}); // `open` tells what fails
  }

  get threads(): number {
    return this.backend.threads;
  }

  /** Resolves once the threads are there; until then all works but running. @throws {WorkerError} where they did not start */
  started(): Promise<void> {
    return this.backend.started;
  }

  /** Makes a program of a graph: plans its memory and allocates it. `build` defaults to the session's. */
  async prepare(graph: Graph, options: PrepareOptions = {}, signal?: AbortSignal): Promise<Program> {
    return this.exclusive(async () => {
      const plan = await inSlices(this.plan(graph, options), signal);
      if (plan.kept.some(({ dtype }) => dtype === "int8")) await checkDots(options.build ?? this.build);
      await this.change((map) => map.admit(plan));
      return new Program(this, plan, options.build ?? this.build, this.nextProgram++);
    });
  }

  /** Makes room for a graph's kept tensors without making a program; new ones are zeros, but for constants. */
  async keepAll(graph: Graph): Promise<void> {
    return this.exclusive(() => this.change((map) => map.admit({ kept: [...graph.kept.values()] })));
  }

  /** What `prepare` would make of a graph, from counting alone. */
  private plan(graph: Graph, { build = this.build, rewrite }: PrepareOptions = {}): Slices<Plan> {
    return compiling(graph, { build, threads: this.threads, winograd: this.winograd, rewrite });
  }

  /** Prepares and closes programs on paper, from what there is now, to know how much memory they need. */
  rehearse(): Rehearsal {
    return new Rehearsal(this.map.clone(), (graph, options) => this.plan(graph, options));
  }

  /** Names and shapes of all that is kept, in order of first use. */
  keptValues(): Value[] {
    return this.map.keptValues();
  }

  /**
   * Writes a kept tensor, in the layout that it has in memory.
   *
   * @param data the numbers, or what makes them, as floats: `into` is the memory itself where this thread sees it, and need not be used
   * @throws {ShapeError} for another type or count than is kept; the signal's reason when aborted, which may leave a part written
   */
  async write(name: string, data: TensorData | ((into?: Float32Array) => Slices<Float32Array>), signal?: AbortSignal): Promise<void> {
    return this.exclusive(async () => {
      const { value, address } = this.map.kept(name);
      const size = sizeOf(value.shape);
      const view = typeof data === "function" ? this.backend.view?.(address, size) : undefined;
      const made = typeof data === "function" ? await inSlices(data(view), signal) : data;
      if (!(made instanceof arrayTypes[value.dtype]))
        throw new ShapeError(`"${name}" is kept as ${value.dtype}, expected ${arrayTypes[value.dtype].name}, got ${made.constructor.name}`);
      if (made.length !== size) throw new ShapeError(`"${name}" has shape ${formatShape(value.shape)}, expected ${size} numbers, got ${made.length}`);
      if (made.buffer !== view?.buffer) await this.put(address, bytesOf(made));
      this.changedAt.set(name, ++this.clock);
    });
  }

  /** Reads a kept tensor, in the layout that it has in memory. */
  async read<T extends TensorData = Float32Array>(name: string): Promise<T> {
    return this.exclusive(async () => (await this.copyOf(name)) as T);
  }

  /** Gives `take` each of some kept tensors, as they are at one time: nothing runs meanwhile. `take` must not wait for this session. */
  async readAll(wanted: (value: Value) => boolean, take: (value: Value, data: TensorData) => Promise<void>): Promise<void> {
    return this.exclusive(async () => {
      for (const value of this.keptValues().filter(wanted)) await take(value, await this.copyOf(value.name));
    });
  }

  /** Forgets kept tensors, such as an optimiser's state after training. */
  async forget(names: readonly string[]): Promise<void> {
    return this.exclusive(async () => {
      this.map.forget(names);
    });
  }

  /** Bytes that there are now, by purpose. */
  memory(): MemoryUse {
    return this.map.use();
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
      if (program.arena !== this.map.arenaAddress) await this.load(program);
      if (plan.sources.some((name) => (this.changedAt.get(name) ?? 0) > program.preparedAt)) {
        await this.backend.run(2 * id);
        program.preparedAt = this.clock;
      }
      for (const [name, { at }] of plan.inputs) await this.put(this.map.address(at as Place), bytesOf(inputs[name]));
      await this.backend.run(2 * id + 1);
      if (plan.changes.length > 0) {
        this.clock++;
        for (const name of plan.changes) this.changedAt.set(name, this.clock);
      }
      const outputs: Record<string, Float32Array> = {};
      for (const [name, { value, at }] of plan.outputs) {
        outputs[name] = new Float32Array((await this.backend.read(this.map.address(at as Place), sizeOf(value.shape) * 4)).buffer as ArrayBuffer);
      }
      return outputs;
    });
  }

  /** @internal */
  async releaseProgram({ plan, id }: Program): Promise<void> {
    return this.exclusive(async () => {
      this.map.release(plan);
      this.backend.unload(2 * id);
      this.backend.unload(2 * id + 1);
    });
  }

  /** Changes the map, makes the memory follow, and fills new kept tensors with zeros, or with the values that they are known to have. What fails changes nothing. */
  private async change(edit: (map: MemoryMap) => Value[]): Promise<void> {
    const next = this.map.clone();
    const added = edit(next);
    await this.backend.grow(neededBytes(next.end));
    for (const value of added) {
      const { address } = next.kept(value.name);
      if (value.initializer?.kind === "values") await this.put(address, bytesOf(value.initializer.values));
      else if (address < this.map.end) await this.put(address, new Uint8Array(keptBytes(value))); // else it has been zeros since the memory grew
      this.changedAt.set(value.name, ++this.clock);
    }
    this.map = next;
  }

  /** Links a program's two call lists to addresses as they are now: even ids fill derived data, odd ids run. */
  private async load(program: Program): Promise<void> {
    const address = (at: Place) => this.map.address(at);
    await this.backend.load(2 * program.id, await inSlices(link(program.plan.prepare, address)), program.build);
    await this.backend.load(2 * program.id + 1, await inSlices(link(program.plan.calls, address)), program.build);
    program.arena = this.map.arenaAddress;
  }

  /** Copies into the memory, in pieces: a large tensor must not hold the thread. */
  private async put(address: number, data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += pieceBytes) {
      if (at > 0) await giveWay();
      await this.backend.write(address + at, data.subarray(at, at + pieceBytes));
    }
  }

  private async copyOf(name: string): Promise<TensorData> {
    const { value, address } = this.map.kept(name);
    return new arrayTypes[value.dtype]((await this.get(address, keptBytes(value))).buffer as ArrayBuffer);
  }

  /** A copy out of the memory, in pieces. */
  private async get(address: number, bytes: number): Promise<Uint8Array> {
    if (bytes <= pieceBytes) return this.backend.read(address, bytes);
    const copy = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += pieceBytes) {
      copy.set(await this.backend.read(address + at, Math.min(pieceBytes, bytes - at)), at);
      await giveWay();
    }
    return copy;
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

/** What a session runs in: in the caller's thread, in threads that share its memory, or in one that owns it. */
async function engineFor({ build, threads, inline }: SessionOptions): Promise<{ build: Build; poolThreads: number; makeBackend: () => Backend }> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads))
    throw new ArgumentError(`threads: expected a whole number from 1 to ${mostThreads}, got ${threads}`);
  const { spawn, sharedMemory: mayShare, parallelism } = await host();
  if (inline || !spawn) return { build: await chooseBuild(build), poolThreads: 0, makeBackend: inlineBackend };
  if (!mayShare && (threads ?? (await defaultThreads())) > 1) warnOfOneThread();
  const sharedMemory = mayShare && !cameCompiled();
  const wide = sharedMemory ? (threads ?? (await defaultThreads())) : 1;
  const [chosen, running] = await Promise.all([chooseBuild(build), pool(wide)]);
  const poolThreads = Math.max(wide, await defaultThreads());
  return {
    build: chosen,
    poolThreads,
    makeBackend: () => (sharedMemory ? sharedBackend(running, wide, { crowded: wide > parallelism }) : workerBackend(running)),
  };
}

/** Bytes that are copied in about a millisecond. */
const pieceBytes = 2 ** 22;

let warned = false;

function warnOfOneThread(): void {
  if (!warned)
    console.warn(
      "ocelli: one thread, because this page is not cross-origin isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or ask for { threads: 1 } to silence this",
    );
  warned = true;
}

type Place = Exclude<Operand, number>;

function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Programs on paper: they have places in a memory map and nothing else. */
export class Rehearsal {
  /** @internal Use `Session.rehearse`. */
  constructor(
    private readonly map: MemoryMap,
    private readonly plan: (graph: Graph, options?: PrepareOptions) => Slices<Plan>,
  ) {}

  /** @throws {LimitError} as the real one would */
  *prepare(graph: Graph, options?: PrepareOptions): Slices<Plan> {
    const plan = yield* this.plan(graph, options);
    this.map.admit(plan);
    return plan;
  }

  /** Ends programs, and forgets what only an optimiser keeps. @param prefix of its tensors' names; default: all that is state */
  close(plans: Iterable<Plan>, prefix = ""): void {
    for (const plan of plans) this.map.release(plan);
    this.map.forget(this.map.keptValues().flatMap(({ kind, name }) => (kind === "state" && name.startsWith(prefix) ? name : [])));
  }

  memory(): MemoryUse {
    return this.map.use();
  }
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
