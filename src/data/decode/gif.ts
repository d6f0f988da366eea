import { colorTable, gifHeader } from "./gif-header.js";
import type { Pixels } from "./pixels.js";
import type { ImageReader } from "./reader.js";

/**
 * First frame of a GIF to RGB. Transparent pixels show their palette colour, and what the frame leaves uncovered
 * shows the transparent colour, else colour 0, as Pillow's `convert("RGB")` does.
 *
 * @see GIF89a specification, sections 18 to 23 and appendix F
 */
export function decodeGif(reader: ImageReader): Pixels {
  const header = gifHeader(reader);
  const { width, height } = header;
  const { at, transparent } = firstImage(reader, header.blocksAt);
  const place = "the image descriptor";
  reader.need(at, 10, place);
  const [left, top, columns, rows] = [1, 3, 5, 7].map((offset) => reader.u16(at + offset, place));
  const flags = reader.bytes[at + 9];
  if (left + columns > width || top + rows > height)
    throw reader.error(`the first frame, ${columns} x ${rows} at ${left}, ${top}, reaches beyond the screen of ${width} x ${height}`);
  const local = colorTable(reader, flags, at + 10);
  const frame = unpackLzw(reader, local.end, columns * rows);

  const indices = new Uint8Array(width * height).fill(transparent ?? 0);
  const order = flags & 0x40 ? interlacedRows(rows) : Array.from({ length: rows }, (_, row) => row);
  for (const [stored, row] of order.entries()) indices.set(frame.subarray(stored * columns, (stored + 1) * columns), (top + row) * width + left);

  const colors = local.colors ?? header.colors;
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    for (let channel = 0; channel < 3; channel++)
      rgb[i * 3 + channel] = colors && index < colors.entries ? reader.bytes[colors.at + index * 3 + channel] : index;
  }
  return { data: rgb, width, height, channels: 3 };
}

/** Skips extensions up to the first image and keeps its transparent colour. */
function firstImage(reader: ImageReader, from: number): { at: number; transparent?: number } {
  let transparent: number | undefined;
  for (let at = from; ; ) {
    const block = reader.u8(at, "the space between blocks");
    if (block === 0x2c) return { at, transparent };
    if (block === 0x3b) throw reader.error("there is no frame before the trailer");
    if (block !== 0x21) throw reader.error(`expected a block at byte ${at}, found ${block}`);
    const control = reader.u8(at + 1, "an extension") === 0xf9;
    if (control) {
      reader.need(at, 7, "an extension");
      transparent = reader.bytes[at + 3] & 1 ? reader.bytes[at + 6] : undefined;
    }
    at += 2;
    for (let size = reader.u8(at, "an extension"); size > 0; size = reader.u8(at, "an extension")) at += 1 + size;
    at++;
  }
}

/** Picture row of each stored row: every 8th, then the 4th between them, and so on (appendix E). */
function interlacedRows(rows: number): number[] {
  const order: number[] = [];
  for (const [first, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ])
    for (let row = first; row < rows; row += step) order.push(row);
  return order;
}

/** Codes of 3 to 12 bits, least significant bit first, in blocks of at most 255 bytes, to `count` palette indices. */
function unpackLzw(reader: ImageReader, from: number, count: number): Uint8Array {
  const place = "the picture data";
  const rootBits = reader.u8(from, place);
  if (rootBits < 1 || rootBits > 11) throw reader.error(`expected codes that begin with 2 to 12 bits, found ${rootBits + 1}`);
  const clear = 1 << rootBits;
  // Entry `code` is the entry `before[code]` followed by `last[code]`.
  const before = new Uint16Array(4096);
  const last = new Uint8Array(4096).map((_, code) => code);
  const lengths = new Uint16Array(4096).fill(1);
  const pixels = new Uint8Array(count);
  let filled = 0;
  let next = clear + 2;
  let bits = rootBits + 1;
  let previous = -1;
  let window = 0;
  let have = 0;
  let at = from + 1;
  let blockEnd = at;
  while (filled < count) {
    while (have < bits) {
      if (at === blockEnd) {
        const size = reader.u8(at, place);
        if (size === 0) throw reader.error(`the picture data ends after ${filled} of ${count} pixels`);
        reader.need(at + 1, size, place);
        blockEnd = ++at + size;
      }
      window |= reader.bytes[at++] << have;
      have += 8;
    }
    const code = window & ((1 << bits) - 1);
    window >>>= bits;
    have -= bits;
    if (code === clear) {
      next = clear + 2;
      bits = rootBits + 1;
      previous = -1;
      continue;
    }
    if (code === clear + 1) throw reader.error(`the picture data ends after ${filled} of ${count} pixels`);
    if (code > next || (code === next && previous < 0) || (previous < 0 && code > clear))
      throw reader.error(`code ${code} is not in the table of ${next} (picture data, pixel ${filled})`);
    // A code that is being defined right now is the previous entry followed by that entry's own first pixel.
    const known = code === next ? previous : code;
    const length = lengths[known];
    let entry = known;
    for (let i = filled + length - 1; i >= filled; i--, entry = before[entry]) pixels[i] = last[entry];
    const first = pixels[filled];
    filled += length;
    if (code === next) pixels[filled++] = first;
    if (previous >= 0 && next < 4096) {
      before[next] = previous;
      last[next] = first;
      lengths[next] = lengths[previous] + 1;
      next++;
      if (next === 1 << bits && bits < 12) bits++;
    }
    previous = code;
  }
  return pixels;
}
