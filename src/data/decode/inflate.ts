import { Unzlib } from "fflate";
import type { ImageReader } from "./reader.js";

/** Compressed bytes handed over at a time: what one piece can grow to, a thousandfold, is all that a bomb gets. */
const pieceBytes = 65536;

/**
 * Unpacks a zlib stream to exactly `size` bytes and stops there, whatever the stream still holds.
 *
 * @param parts the stream, cut anywhere
 * @param place what is unpacked, for errors
 * @throws {FormatError} when the stream is damaged or ends early
 */
export function inflate(reader: ImageReader, parts: readonly Uint8Array[], size: number, place: string): Uint8Array {
  const data = new Uint8Array(size);
  let filled = 0;
  const stream = new Unzlib((chunk) => {
    data.set(chunk.subarray(0, size - filled), filled);
    filled = Math.min(size, filled + chunk.length);
  });
  try {
    const filledParts = parts.filter(({ length }) => length > 0);
    for (const [i, part] of filledParts.entries()) {
      for (let at = 0; at < part.length && filled < size; at += pieceBytes) {
        const isLast = i === filledParts.length - 1 && at + pieceBytes >= part.length;
        stream.push(part.subarray(at, at + pieceBytes), isLast);
      }
    }
  } catch (cause) {
    throw reader.error(`${place} is damaged: ${(cause as Error).message}`, cause);
  }
  if (filled < size) throw reader.error(`${place} ends after ${filled} of ${size} bytes`);
  return data;
}
