import { inflate } from "./inflate.js";
import { type Pixels, unpackBits } from "./pixels.js";
import { type PngHeader, pngHeader } from "./png-header.js";
import type { ImageReader } from "./reader.js";

/** A part of the picture that is stored as its own rows. */
interface Pass {
  x: number;
  y: number;
  stepX: number;
  stepY: number;
}

const whole: Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];
const adam7: Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

const samplesOf: Record<PngHeader["color"], number> = { grey: 1, palette: 1, "grey+alpha": 2, rgb: 3, "rgb+alpha": 4 };

/**
 * PNG to RGB: all colour types and depths, interlaced or not. Alpha is dropped; of 16 bits the upper 8 stay, as in Pillow's RGB.
 *
 * @see PNG specification, third edition: 7 (filters), 8 (interlacing), 13 (decoders)
 */
export function decodePng(reader: ImageReader): Pixels {
  const header = pngHeader(reader);
  const { width, height, depth, color, interlaced } = header;
  const passes = (interlaced ? adam7 : whole)
    .map((pass) => ({ ...pass, columns: Math.ceil((width - pass.x) / pass.stepX), rows: Math.ceil((height - pass.y) / pass.stepY) }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const pixelBits = samplesOf[color] * depth;
  const pixelBytes = Math.max(1, pixelBits >> 3);
  const lineBytes = (columns: number) => Math.ceil((columns * pixelBits) / 8);
  const size = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + lineBytes(columns)), 0);
  const data = inflate(reader, checkedChunks(reader, header, "IDAT"), size, "the picture data");
  const [palette] = color === "palette" ? checkedChunks(reader, header, "PLTE") : [];
  if (color === "palette" && !palette) throw reader.error("chunk PLTE is missing");

  const rgb = new Uint8Array(width * height * 3);
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows } of passes) {
    let above: Uint8Array = new Uint8Array(lineBytes(columns));
    for (let row = 0; row < rows; row++) {
      const line = data.subarray(at + 1, at + 1 + above.length);
      unfilter(reader, data[at], line, above, pixelBytes);
      writeLine(reader, header, palette, line, columns, rgb, ((y + row * stepY) * width + x) * 3, stepX * 3);
      at += 1 + above.length;
      above = line;
    }
  }
  return { data: rgb, width, height, channels: 3 };
}

/** Undoes a row's filter in place: each byte was stored as its difference from a guess made of its left and upper neighbours. */
function unfilter(reader: ImageReader, filter: number, line: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  if (filter === 1) for (let i = pixelBytes; i < line.length; i++) line[i] += line[i - pixelBytes];
  else if (filter === 2) for (let i = 0; i < line.length; i++) line[i] += above[i];
  else if (filter === 3) {
    for (let i = 0; i < pixelBytes && i < line.length; i++) line[i] += above[i] >> 1;
    for (let i = pixelBytes; i < line.length; i++) line[i] += (line[i - pixelBytes] + above[i]) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < pixelBytes && i < line.length; i++) line[i] += above[i];
    for (let i = pixelBytes; i < line.length; i++) line[i] += paeth(line[i - pixelBytes], above[i], above[i - pixelBytes]);
  } else if (filter !== 0) throw reader.error(`filter ${filter} of a row is not known; expected 0 to 4`);
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** Writes a row's pixels as RGB, the first to byte `to`, the next `step` bytes behind. */
function writeLine(
  reader: ImageReader,
  { depth, color }: PngHeader,
  palette: Uint8Array | undefined,
  line: Uint8Array,
  columns: number,
  rgb: Uint8Array,
  to: number,
  step: number,
): void {
  const samples = depth < 8 ? unpackBits(line, columns, depth, palette ? 1 : 255 / ((1 << depth) - 1)) : line;
  if (palette) {
    for (let i = 0; i < columns; i++, to += step) {
      const entry = samples[i] * 3;
      if (entry >= palette.length) throw reader.error(`a pixel has colour ${samples[i]}, the palette ${palette.length / 3}`);
      rgb[to] = palette[entry];
      rgb[to + 1] = palette[entry + 1];
      rgb[to + 2] = palette[entry + 2];
    }
    return;
  }
  const sampleBytes = depth === 16 ? 2 : 1;
  const pixelBytes = samplesOf[color] * sampleBytes;
  const green = samplesOf[color] >= 3 ? sampleBytes : 0;
  for (let i = 0, from = 0; i < columns; i++, from += pixelBytes, to += step) {
    rgb[to] = samples[from];
    rgb[to + 1] = samples[from + green];
    rgb[to + 2] = samples[from + 2 * green];
  }
}

function checkedChunks(reader: ImageReader, { chunks }: PngHeader, wanted: "PLTE" | "IDAT"): Uint8Array[] {
  const found = chunks.filter(({ type }) => type === wanted || type === "IHDR");
  const data: Uint8Array[] = [];
  for (const { type, at, length } of found) {
    const expected = reader.u32(at + 8 + length, `chunk ${type}`);
    if (crc32(reader.bytes.subarray(at + 4, at + 8 + length)) !== expected) throw reader.error(`chunk ${type} at byte ${at} is damaged: its checksum differs`);
    if (type === wanted) data.push(reader.bytes.subarray(at + 8, at + 8 + length));
  }
  return data;
}

let crcTable: Int32Array | undefined;

/** CRC-32 of ISO 3309 (PNG specification, annex D). Signed throughout: engines keep such integers out of the heap, which is 20 times faster. */
function crc32(bytes: Uint8Array): number {
  crcTable ??= Int32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
    return byte;
  });
  const table = crcTable;
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
