import type { Orientation } from "./orientation.js";
import type { ImageReader } from "./reader.js";
import { exifOrientation } from "./tiff-header.js";

export interface PngHeader {
  width: number;
  height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  depth: number;
  color: "grey" | "rgb" | "palette" | "grey+alpha" | "rgb+alpha";
  interlaced: boolean;
  orientation: Orientation;
  /** Chunks that decoding needs: byte of the length field, bytes of data. */
  chunks: { type: "IHDR" | "PLTE" | "IDAT"; at: number; length: number }[];
}

/** Colour type -> its name and the depths that go with it (PNG specification, table 11.1). */
const colors: Record<number, { color: PngHeader["color"]; depths: number[] }> = {
  0: { color: "grey", depths: [1, 2, 4, 8, 16] },
  2: { color: "rgb", depths: [8, 16] },
  3: { color: "palette", depths: [1, 2, 4, 8] },
  4: { color: "grey+alpha", depths: [8, 16] },
  6: { color: "rgb+alpha", depths: [8, 16] },
};

/** IHDR and the list of chunks up to IEND; no data is unpacked. */
export function pngHeader(reader: ImageReader): PngHeader {
  const first = 8;
  if (reader.text(first + 4, 4, "chunk IHDR") !== "IHDR") throw reader.error(`expected chunk IHDR first, found ${chunkName(reader, first)}`);
  const at = first + 8;
  reader.need(at, 13, "chunk IHDR");
  const depth = reader.bytes[at + 8];
  const type = reader.bytes[at + 9];
  const known = colors[type];
  if (!known?.depths.includes(depth)) throw reader.error(`colour type ${type} with ${depth} bits is none that PNG allows`);
  const [compression, filter, interlace] = reader.part(at + 10, 3, "chunk IHDR");
  if (compression || filter || interlace > 1)
    throw reader.error(`compression ${compression}, filter ${filter}, interlace ${interlace} is not known; expected 0, 0, 0 or 1`);
  return {
    width: reader.u32(at, "chunk IHDR"),
    height: reader.u32(at + 4, "chunk IHDR"),
    depth,
    color: known.color,
    interlaced: interlace === 1,
    ...chunkList(reader, first),
  };
}

function chunkList(reader: ImageReader, first: number): Pick<PngHeader, "chunks" | "orientation"> {
  const chunks: PngHeader["chunks"] = [];
  let orientation: Orientation = 1;
  for (let at = first; ; ) {
    const length = reader.u32(at, "the space between chunks");
    const type = chunkName(reader, at);
    const place = `chunk ${type}`;
    reader.need(at + 8, length + 4, place);
    if (type === "IHDR" || type === "PLTE" || type === "IDAT") chunks.push({ type, at, length });
    else if (type === "eXIf") orientation = exifOrientation(reader.part(at + 8, length, place));
    else if (type === "IEND") return { chunks, orientation };
    else if (/^[A-Z]/.test(type)) throw reader.error(`critical chunk ${type} is not known`);
    at += 12 + length;
  }
}

function chunkName(reader: ImageReader, at: number): string {
  const name = reader.text(at + 4, 4, "a chunk's header");
  if (!/^[A-Za-z]{4}$/.test(name)) throw reader.error(`expected a chunk at byte ${at}, found no chunk's name`);
  return name;
}
