import { FormatError } from "./errors.js";

/** Bytes that can be read in parts, without loading the rest. */
export interface ByteSource {
  /** Path, URL or file name, for messages. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** All of them, where they are in memory. */
  readonly whole?: Uint8Array;
  /** A copy of `length` bytes from byte `offset`. @throws {FormatError} when they reach past the end */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Whether something is an open source. */
export const isByteSource = (from: object | string): from is ByteSource => typeof from === "object" && "read" in from && "size" in from;

/** Adds to `readPart` what every source checks: the range before, the length after. */
export function byteSource(
  name: string,
  size: number,
  readPart: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>,
  close = async () => {},
): ByteSource {
  return {
    name,
    size,
    async read(offset, length) {
      if (offset + length > size) throw new FormatError(`expected ${length} bytes at byte ${offset}, found ${Math.max(0, size - offset)} (${name})`);
      const bytes = length === 0 ? new Uint8Array() : await readPart(offset, length);
      if (bytes.byteLength !== length)
        throw new FormatError(`expected ${length} bytes at byte ${offset}, got ${bytes.byteLength}: the file changed while it was read (${name})`);
      return bytes;
    },
    close,
  };
}

/** Bytes that are already in memory. */
export function openBytes(bytes: Uint8Array, name = "bytes in memory"): ByteSource {
  return { ...byteSource(name, bytes.byteLength, async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length))), whole: bytes };
}
