import { LimitError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { padded } from "../plan/arena.js";

/** Hands out 64-byte aligned parts of a memory, first fit. It only counts; the memory itself grows elsewhere. */
export class Heap {
  /** Free ranges in order of address, never touching one another. */
  private free: { start: number; end: number }[];
  private readonly taken = new Map<number, number>();
  /** One byte past everything handed out so far: how large the memory has to be. */
  end: number;

  constructor(private readonly start: number) {
    this.end = start;
    this.free = [{ start, end: limits.memoryBytes }];
  }

  /** An equal heap that goes its own way. */
  clone(): Heap {
    const heap = new Heap(this.start);
    heap.end = this.end;
    heap.free = this.free.map((range) => ({ ...range }));
    for (const [address, size] of this.taken) heap.taken.set(address, size);
    return heap;
  }

  /** Address of a new part. @throws {LimitError} when the memory would pass `limits.memoryBytes` */
  allocate(bytes: number, purpose: string): number {
    const size = Math.max(64, padded(bytes));
    const range = this.free.find(({ start, end }) => end - start >= size);
    if (!range)
      throw new LimitError(`memory: ${bytes} bytes for ${purpose} do not fit; ${this.used} bytes are in use and limits.memoryBytes is ${limits.memoryBytes}`);
    const address = range.start;
    range.start += size;
    if (range.start === range.end) this.free.splice(this.free.indexOf(range), 1);
    this.taken.set(address, size);
    this.end = Math.max(this.end, address + size);
    return address;
  }

  release(address: number): void {
    const size = this.taken.get(address);
    if (size === undefined) return;
    this.taken.delete(address);
    this.free.push({ start: address, end: address + size });
    this.free.sort((a, b) => a.start - b.start);
    this.free = this.free.reduce<{ start: number; end: number }[]>((joined, range) => {
      const last = joined.at(-1);
      if (last?.end === range.start) last.end = range.end;
      else joined.push(range);
      return joined;
    }, []);
  }

  get used(): number {
    return [...this.taken.values()].reduce((sum, size) => sum + size, this.start);
  }
}
