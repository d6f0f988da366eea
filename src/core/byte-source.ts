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
export const isByteSource = (from: unknown): from is ByteSource => typeof from === "object" && from !== null && "read" in from && "size" in from;

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

/** Sources one after the other, as one. */
export function joinSources(name: string, parts: readonly ByteSource[]): ByteSource {
  const ends: number[] = [];
  for (const { size } of parts) ends.push((ends.at(-1) ?? 0) + size);
  const readPart = async (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    for (let done = 0, i = ends.findIndex((end) => end > offset); done < length; i++) {
      const start = offset + done - (ends[i] - parts[i].size);
      const part = await parts[i].read(start, Math.min(length - done, parts[i].size - start));
      bytes.set(part, done);
      done += part.byteLength;
    }
    return bytes;
  };
  const close = async () => {
    for (const part of parts) await part.close();
  };
  return byteSource(name, ends.at(-1) ?? 0, readPart, close);
}
