import { type BmpHeader, bmpHeader } from "./bmp-header.js";
import { type Pixels, unpackBits } from "./pixels.js";
import type { ImageReader } from "./reader.js";

/** BMP to RGB: palettes, run lengths, 16, 24 and 32 bits with or without masks. Alpha is dropped. */
export function decodeBmp(reader: ImageReader): Pixels {
  const header = bmpHeader(reader);
  const { width, height, depth, topDown, pixelsAt } = header;
  const rgb = new Uint8Array(width * height * 3);
  const lineBytes = Math.ceil((width * depth) / 32) * 4;
  if (header.coding === "plain") reader.need(pixelsAt, lineBytes * (height - 1) + Math.ceil((width * depth) / 8), "the picture data");
  const runs = header.coding === "plain" ? undefined : unpackRuns(reader, header);
  const colors = depth <= 8 ? paletteOf(reader, header) : undefined;
  const scales = header.masks.map(maskScale);
  for (let row = 0; row < height; row++) {
    const start = pixelsAt + row * lineBytes;
    let to = (topDown ? row : height - 1 - row) * width * 3;
    if (colors) {
      const line = runs?.subarray(row * width, (row + 1) * width) ?? indices(reader.bytes.subarray(start, start + lineBytes), width, depth);
      for (const index of line) {
        if (index * 3 >= colors.length) throw reader.error(`a pixel has colour ${index}, the palette ${colors.length / 3}`);
        for (let channel = 0; channel < 3; channel++) rgb[to++] = colors[index * 3 + channel];
      }
    } else if (depth === 24) {
      for (let x = 0; x < width; x++) for (let channel = 2; channel >= 0; channel--) rgb[to++] = reader.bytes[start + x * 3 + channel];
    } else {
      for (let x = 0; x < width; x++) {
        const value = depth === 16 ? reader.u16(start + x * 2, "the picture data") : reader.u32(start + x * 4, "the picture data");
        for (const { shift, most } of scales) rgb[to++] = most ? ((((value >>> shift) & most) >>> 0) * 255) / most : 0;
      }
    }
  }
  return { data: rgb, width, height, channels: 3 };
}

/** Where a mask's bits begin and the largest value they hold. */
function maskScale(mask: number): { shift: number; most: number } {
  const shift = mask ? 31 - Math.clz32(mask & -mask) : 0;
  return { shift, most: mask >>> shift };
}

function indices(line: Uint8Array, width: number, depth: number): Uint8Array {
  return depth === 8 ? line.subarray(0, width) : unpackBits(line, width, depth);
}

/** RGB triples; the file has blue first. */
function paletteOf(reader: ImageReader, { palette }: BmpHeader): Uint8Array {
  const colors = new Uint8Array(palette.entries * 3);
  const stored = reader.part(palette.at, palette.entries * palette.entryBytes, "the palette");
  for (let entry = 0; entry < palette.entries; entry++) {
    for (let channel = 0; channel < 3; channel++) colors[entry * 3 + channel] = stored[entry * palette.entryBytes + 2 - channel];
  }
  return colors;
}

/**
 * Run lengths of 8 or 4 bits to one palette index per pixel, rows as stored; pixels that are jumped over keep 0.
 *
 * @see Microsoft, "Bitmap Compression"
 */
function unpackRuns(reader: ImageReader, { width, height, coding, pixelsAt }: BmpHeader): Uint8Array {
  const pixels = new Uint8Array(width * height);
  const place = "the picture data";
  let x = 0;
  let y = 0;
  const put = (index: number) => {
    if (x < width && y < height) pixels[y * width + x] = index;
    x++;
  };
  /** Pixel `i` of a pair of half bytes, or the byte. */
  const pixel = (byte: number, i: number) => (coding === "rle8" ? byte : i & 1 ? byte & 15 : byte >> 4);
  for (let at = pixelsAt; y < height - 1 || (y < height && x < width); ) {
    const count = reader.u8(at, place);
    const value = reader.u8(at + 1, place);
    at += 2;
    if (count > 0) for (let i = 0; i < count; i++) put(pixel(value, i));
    else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) break;
    else if (value === 2) {
      x += reader.u8(at, place);
      y += reader.u8(at + 1, place);
      at += 2;
    } else {
      const bytes = coding === "rle8" ? value : Math.ceil(value / 2);
      const run = reader.part(at, bytes, place);
      for (let i = 0; i < value; i++) put(pixel(run[coding === "rle8" ? i : i >> 1], i));
      at += bytes + (bytes & 1);
    }
  }
  return pixels;
}
