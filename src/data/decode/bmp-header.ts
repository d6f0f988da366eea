import type { ImageReader } from "./reader.js";

export interface BmpHeader {
  width: number;
  height: number;
  topDown: boolean;
  /** Bits a pixel: 1, 4, 8 (palette), 16, 24 or 32. */
  depth: number;
  coding: "plain" | "rle8" | "rle4";
  /** Bits of red, green and blue in a pixel of 16 or 32 bits. */
  masks: [number, number, number];
  palette: { at: number; entries: number; entryBytes: number };
  pixelsAt: number;
}

/** Windows 2 and 3, NT, 4, 5 and OS/2 2 headers (Microsoft, "Bitmap Header Types"). */
const headerSizes = [12, 40, 52, 56, 64, 108, 124];
const codings: Record<number, BmpHeader["coding"]> = { 0: "plain", 1: "rle8", 2: "rle4", 3: "plain", 6: "plain" };
const masksOf: Record<number, BmpHeader["masks"]> = { 16: [0x7c00, 0x03e0, 0x001f], 32: [0xff0000, 0x00ff00, 0x0000ff] };

export function bmpHeader(reader: ImageReader): BmpHeader {
  const place = "the header";
  reader.littleEndian = true;
  const pixelsAt = reader.u32(10, place);
  const size = reader.u32(14, place);
  if (!headerSizes.includes(size)) throw reader.error(`expected a header of ${headerSizes.join(", ")} bytes, found ${size}`);
  reader.need(14, size, place);
  if (size === 12) {
    const depth = reader.u16(24, place);
    return {
      width: reader.u16(18, place),
      height: reader.u16(20, place),
      topDown: false,
      depth: supported(reader, depth, "plain"),
      coding: "plain",
      masks: [0, 0, 0],
      palette: { at: 26, entries: 2 ** Math.min(depth, 8), entryBytes: 3 },
      pixelsAt,
    };
  }
  const height = reader.i32(22, place);
  const depth = reader.u16(28, place);
  const compression = reader.u32(30, place);
  const coding = codings[compression];
  if (!coding) throw reader.error(`compression ${compression} is not supported; expected 0 to 3`);
  const bitFields = compression === 3 || compression === 6;
  const masks = bitFields ? ([54, 58, 62].map((at) => reader.u32(at, "the colour masks")) as BmpHeader["masks"]) : (masksOf[depth] ?? [0, 0, 0]);
  // Headers of 40 and 64 bytes have their masks behind them, longer ones inside.
  const behind = size === 40 && bitFields ? (compression === 6 ? 16 : 12) : 0;
  return {
    width: reader.i32(18, place),
    height: Math.abs(height),
    topDown: height < 0,
    depth: supported(reader, depth, coding),
    coding,
    masks,
    palette: { at: 14 + size + behind, entries: Math.min(reader.u32(46, place) || 256, 2 ** Math.min(depth, 8)), entryBytes: 4 },
    pixelsAt,
  };
}

function supported(reader: ImageReader, depth: number, coding: BmpHeader["coding"]): number {
  const allowed = coding === "rle8" ? [8] : coding === "rle4" ? [4] : [1, 4, 8, 16, 24, 32];
  if (!allowed.includes(depth)) throw reader.error(`expected ${allowed.join(", ")} bits a pixel, found ${depth}`);
  return depth;
}
