import { LimitError } from "../core/errors.js";

const pageBytes = 65536;
/** Bytes of a memory that holds so many: memories come in pages. */
export const wholePages = (bytes: number) => Math.ceil(bytes / pageBytes) * pageBytes;
/** What every memory declares and the binaries import: all that 32-bit pointers reach. */
const maximumPages = 65536;

/**
 * A memory for one model or one image engine. Shared memory needs SharedArrayBuffer. Where the platform does not reserve
 * `maximumBytes` of address space, half of that is tried, and so on.
 *
 * @throws {LimitError} when not even `bytes` can be had
 */
export function createMemory(
  bytes: number,
  { shared = false, maximumBytes = maximumPages * pageBytes }: { shared?: boolean; maximumBytes?: number } = {},
): WebAssembly.Memory {
  const initial = Math.max(1, Math.ceil(bytes / pageBytes));
  for (let maximum = Math.min(maximumPages, Math.ceil(maximumBytes / pageBytes)); maximum >= initial; maximum = Math.floor(maximum / 2)) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new LimitError(`memory: this platform does not give ${initial * pageBytes} bytes`);
}

/** Grows `memory` to hold at least `bytes`. @throws {LimitError} when the engine gives no more */
export function growMemory(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
  if (missing <= 0) return;
  try {
    memory.grow(missing);
  } catch (cause) {
    throw new LimitError(`memory: this engine refuses to grow a memory from ${memory.buffer.byteLength} to ${bytes} bytes`, { cause });
  }
}

/** More than this of new buffers makes engines look for what they can collect. */
const pressureBytes = 2 ** 26;

/**
 * For a memory that this thread has just forgotten. Engines do not count shared memory, so that nothing would make them collect it: a thread that
 * only runs kernels makes no garbage. They do count buffers, of which nobody touches this one.
 */
export function pressCollector({ buffer }: WebAssembly.Memory): void {
  try {
    new ArrayBuffer(Math.min(buffer.byteLength, pressureBytes));
  } catch {
    // An engine without room for it has just looked for all that it can collect.
  }
}
