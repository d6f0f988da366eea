import { giveWay } from "./slices.js";

/** A file's bytes in order. A chunk is the reader's only until it asks for the next: whoever keeps it copies it. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The same bytes in pieces of `size`, the last one shorter, each in memory of its own. */
export async function* piecesOf(chunks: Chunks, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + size - filled);
      piece.set(part, filled);
      at += part.byteLength;
      filled += part.byteLength;
      if (filled < size) continue;
      yield piece;
      piece = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}

/** The same chunks, up to the one before which `signal` aborts. @throws its reason */
export async function* until(signal: AbortSignal, chunks: Chunks): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  for await (const chunk of chunks) {
    yield chunk;
    signal.throwIfAborted();
  }
}

/** A source from its first byte to its last, in chunks of at most `size` bytes. */
export async function* chunksOf(source: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> }, size = 2 ** 22) {
  for (let at = 0; at < source.size; at += size) yield await source.read(at, Math.min(size, source.size - at));
}

/** Bytes that are copied in well under a millisecond. */
const copied = 2 ** 20;

/** One array of all chunks, which must stay as they are meanwhile. Made in slices. @throws the signal's reason when aborted */
export async function joined(chunks: Chunks, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array[] = [];
  for await (const chunk of chunks) {
    kept.push(chunk);
    await giveWay(signal);
  }
  const bytes = new Uint8Array(kept.reduce((size, chunk) => size + chunk.length, 0));
  let to = 0;
  for (const chunk of kept)
    for (let at = 0; at < chunk.length; at += copied) {
      const piece = chunk.subarray(at, at + copied);
      bytes.set(piece, to);
      to += piece.length;
      await giveWay(signal);
    }
  return bytes;
}
