import { bytesPerElement } from "../core/dtype.js";
import { ArgumentError, LimitError, ShapeError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { formatShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { type ArenaUse, padded } from "../plan/arena.js";
import type { Operand, Plan } from "../plan/compile.js";
import { firstAddress } from "./backend.js";
import { Heap } from "./heap.js";
import { wholePages } from "./memory.js";

/** Bytes of a session's memory by purpose. */
export interface MemoryUse extends ArenaUse {
  /** Parameters, running statistics and constants. */
  readonly parameters: number;
  /** State of the optimiser. */
  readonly optimizer: number;
  /** Weights packed in panels, and those with a norm folded in. */
  readonly derived: number;
  /** The WebAssembly memory as a whole, which never shrinks: all of the above, what threads and kernels share, and gaps. */
  readonly total: number;
}

/** A place in the memory of a plan that has numbers only once the plan is on a map. */
type Place = Exclude<Operand, number>;

export const keptBytes = (value: Value) => sizeOf(value.shape) * bytesPerElement[value.dtype];

/** What has to have a place before a program can run. */
export type Needs = Pick<Plan, "kept"> & Partial<Pick<Plan, "derived" | "arenaBytes" | "arena">>;

const nothing: ArenaUse = { activations: 0, gradients: 0, workspace: 0 };

/**
 * What lies where in a session's memory. It only counts, so a copy answers what a program would need; the session makes
 * the memory follow.
 */
export class MemoryMap {
  private constructor(
    private readonly heap = new Heap(firstAddress),
    private readonly keptEntries = new Map<string, { value: Value; address: number }>(),
    private readonly derived = new Map<string, { address: number; bytes: number; users: number }>(),
    /** Working memory, shared by all programs, because they run one after another and leave nothing in it. */
    private arena: { address: number; bytes: number; use: ArenaUse } = { address: 0, bytes: 0, use: nothing },
  ) {}

  static empty(): MemoryMap {
    return new MemoryMap();
  }

  clone(): MemoryMap {
    const derived = new Map([...this.derived].map(([key, entry]) => [key, { ...entry }]));
    return new MemoryMap(this.heap.clone(), new Map(this.keptEntries), derived, this.arena);
  }

  /** One byte past all that has been handed out so far. */
  get end(): number {
    return this.heap.end;
  }

  /** Changes when the working memory moves. */
  get arenaAddress(): number {
    return this.arena.address;
  }

  /** All that is kept, in order of first use. */
  keptValues(): Value[] {
    return [...this.keptEntries.values()].map(({ value }) => value);
  }

  /** @throws {ArgumentError} for a name that nothing kept has */
  kept(name: string): { value: Value; address: number } {
    const entry = this.keptEntries.get(name);
    if (!entry) throw new ArgumentError(`no tensor is called "${name}"`);
    return entry;
  }

  address(at: Place): number {
    const base = at.region === "arena" ? this.arena.address : at.region === "kept" ? this.kept(at.key).address : this.derived.get(at.key)?.address;
    return (base as number) + at.offset;
  }

  /** Gives a place to kept tensors that have none. @returns those, in order */
  private keep(values: Iterable<Value>): Value[] {
    const added: Value[] = [];
    for (const value of values) {
      const known = this.keptEntries.get(value.name)?.value;
      const [kept, asked] = [known ?? value, value].map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`);
      if (kept !== asked) throw new ShapeError(`"${value.name}" is kept as ${kept} and a program asks for ${asked}`);
      if (known) continue;
      this.keptEntries.set(value.name, { value, address: this.heap.allocate(keptBytes(value), `"${value.name}"`) });
      added.push(value);
    }
    return added;
  }

  /**
   * Gives a place to all that a program needs.
   *
   * @returns the kept tensors that are new
   * @throws {LimitError} when it would not fit; the map is then no longer of use
   */
  admit({ kept, derived = new Map(), arenaBytes = 0, arena = nothing }: Needs): Value[] {
    this.checkRoom(kept, derived, arenaBytes);
    const added = this.keep(kept);
    for (const [key, bytes] of derived) {
      const known = this.derived.get(key);
      if (known) known.users++;
      else this.derived.set(key, { address: this.heap.allocate(bytes, "packed weights"), bytes, users: 1 });
    }
    if (arenaBytes > this.arena.bytes) {
      if (this.arena.bytes > 0) this.heap.release(this.arena.address);
      this.arena = { address: this.heap.allocate(arenaBytes, "activations"), bytes: arenaBytes, use: arena };
    }
    return added;
  }

  /** Takes back what only this program needs; the working memory stays as large as it was. */
  release({ derived }: Pick<Plan, "derived">): void {
    for (const key of derived.keys()) {
      const entry = this.derived.get(key);
      if (!entry || --entry.users > 0) continue;
      this.heap.release(entry.address);
      this.derived.delete(key);
    }
  }

  /** Takes back kept tensors. */
  forget(names: readonly string[]): void {
    for (const name of names) {
      this.heap.release(this.kept(name).address);
      this.keptEntries.delete(name);
    }
  }

  use(): MemoryUse {
    const sum = (kinds: string) => this.keptValues().reduce((bytes, value) => bytes + (kinds.includes(value.kind) ? keptBytes(value) : 0), 0);
    const derived = [...this.derived.values()].reduce((bytes, entry) => bytes + entry.bytes, 0);
    return { parameters: sum("parameter buffer constant"), optimizer: sum("state"), derived, ...this.arena.use, total: wholePages(neededBytes(this.end)) };
  }

  private checkRoom(kept: Iterable<Value>, derived: ReadonlyMap<string, number>, arenaBytes: number): void {
    let weights = 0;
    let packed = 0;
    for (const value of kept) if (!this.keptEntries.has(value.name)) weights += padded(keptBytes(value));
    for (const [key, bytes] of derived) if (!this.derived.has(key)) packed += padded(bytes);
    const working = Math.max(0, arenaBytes - this.arena.bytes);
    if (this.heap.used + weights + packed + working > limits.memoryBytes) {
      throw new LimitError(
        `memory: ${this.heap.used} bytes are in use, and ${weights} for weights, ${packed} for packed weights and ${working} for activations would pass limits.memoryBytes, ${limits.memoryBytes}; use a smaller batch or image`,
      );
    }
  }
}

/** Bytes of memory for parts that end at `end`: kernels may read 64 bytes past the last. */
export const neededBytes = (end: number) => end + 64;
