import type { ImageReader } from "./reader.js";

export interface GifHeader {
  width: number;
  height: number;
  /** Byte at which the blocks begin, after the global colours. */
  blocksAt: number;
  colors?: Colors;
}

/** RGB triples. */
export interface Colors {
  at: number;
  entries: number;
}

/** Logical screen descriptor (GIF89a, section 18). */
export function gifHeader(reader: ImageReader): GifHeader {
  reader.littleEndian = true;
  const place = "the screen descriptor";
  reader.need(6, 7, place);
  const { colors, end } = colorTable(reader, reader.bytes[10], 13);
  return { width: reader.u16(6, place), height: reader.u16(8, place), blocksAt: end, colors };
}

/** Colours that follow a descriptor at byte `at`, if its `flags` say so. */
export function colorTable(reader: ImageReader, flags: number, at: number): { colors?: Colors; end: number } {
  if (!(flags & 0x80)) return { end: at };
  const entries = 2 << (flags & 7);
  reader.need(at, entries * 3, "the colours");
  return { colors: { at, entries }, end: at + entries * 3 };
}
