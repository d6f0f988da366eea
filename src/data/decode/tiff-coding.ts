import type { ImageReader } from "./reader.js";

/** PackBits: a count of literal bytes, or of repeats of one byte (TIFF 6.0, section 9). Returns how many bytes of `data` were filled. */
export function unpackBytes(stored: Uint8Array, data: Uint8Array): number {
  let filled = 0;
  for (let at = 0; at < stored.length && filled < data.length; ) {
    const count = stored[at++];
    if (count < 128) {
      const literal = stored.subarray(at, at + Math.min(count + 1, data.length - filled));
      data.set(literal, filled);
      filled += literal.length;
      at += count + 1;
    } else if (count > 128 && at < stored.length) {
      const end = Math.min(data.length, filled + 257 - count);
      data.fill(stored[at++], filled, end);
      filled = end;
    }
  }
  return filled;
}

const clearCode = 256;
const endCode = 257;

/**
 * LZW with codes of 9 to 12 bits, most significant bit first; the width grows one code early (TIFF 6.0, section 13).
 * Returns how many bytes of `data` were filled.
 */
export function unpackLzw(reader: ImageReader, stored: Uint8Array, data: Uint8Array, place: string): number {
  // Entry `code` is what `starts[code]` bytes into `data` was written, `lengths[code]` bytes long; codes below 256 are themselves.
  const starts = new Uint32Array(4096);
  const lengths = new Uint32Array(4096);
  let filled = 0;
  let next = endCode + 1;
  let bits = 9;
  let previous = -1;
  let previousLength = 0;
  for (let bit = 0; filled < data.length && bit + bits <= stored.length * 8; ) {
    const at = bit >> 3;
    const window = (stored[at] << 16) | ((stored[at + 1] ?? 0) << 8) | (stored[at + 2] ?? 0);
    const code = (window >> (24 - bits - (bit & 7))) & ((1 << bits) - 1);
    bit += bits;
    if (code === endCode) break;
    if (code === clearCode) {
      next = endCode + 1;
      bits = 9;
      previous = -1;
      continue;
    }
    if (code > next || (code >= clearCode && previous < 0)) throw reader.error(`code ${code} is not in the table of ${next} (${place}, byte ${filled})`);
    // The new entry is the previous one and the byte behind it, which is about to be written: both lie in a row in `data`.
    if (previous >= 0 && next < 4096) {
      starts[next] = previous;
      lengths[next++] = previousLength + 1;
      if (next >= (1 << bits) - 1 && bits < 12) bits++;
    }
    previous = filled;
    if (code < clearCode) {
      previousLength = 1;
      data[filled++] = code;
    } else {
      previousLength = lengths[code];
      const end = Math.min(data.length, filled + previousLength);
      for (let from = starts[code]; filled < end; ) data[filled++] = data[from++];
    }
  }
  return filled;
}
