import type { Orientation } from "./orientation.js";
import type { ImageReader } from "./reader.js";
import { exifOrientation } from "./tiff-header.js";

export interface WebpHeader {
  width: number;
  height: number;
  orientation: Orientation;
  /** First frame of an animation; absent in a still. */
  frame?: WebpFrame;
}

export interface WebpFrame {
  x: number;
  y: number;
  width: number;
  height: number;
  /** Alpha and picture chunks of the frame. */
  chunks: Chunk[];
}

interface Chunk {
  type: string;
  /** Byte of the chunk's header, 8 bytes before its data. */
  at: number;
  /** Bytes of data without the byte that pads them to an even number. */
  length: number;
}

/** RIFF container with its VP8, VP8L or VP8X chunks (RFC 9649). */
export function webpHeader(reader: ImageReader): WebpHeader {
  reader.littleEndian = true;
  const end = 8 + reader.u32(4, "the RIFF header");
  reader.need(0, end, "the RIFF container");
  const chunks = chunksOf(reader, 12, end);
  const [first] = chunks;
  if (!first) throw reader.error("the RIFF container is empty");
  if (first.type !== "VP8X") return { ...pictureSize(reader, first), orientation: 1 };

  const place = "chunk VP8X";
  reader.need(first.at + 8, 10, place);
  const canvas = { width: 1 + u24(reader, first.at + 12, place), height: 1 + u24(reader, first.at + 15, place) };
  const exif = chunks.find(({ type }) => type === "EXIF");
  const orientation = exif ? exifOrientation(reader.part(exif.at + 8, exif.length, "chunk EXIF")) : 1;
  const animated = chunks.find(({ type }) => type === "ANMF");
  if (!animated) {
    sameSize(reader, chunks, canvas, "the canvas");
    return { ...canvas, orientation };
  }
  const frame = frameOf(reader, animated);
  if (frame.x + frame.width > canvas.width || frame.y + frame.height > canvas.height)
    throw reader.error(
      `the first frame, ${frame.width} x ${frame.height} at ${frame.x}, ${frame.y}, reaches beyond the canvas of ${canvas.width} x ${canvas.height}`,
    );
  return { ...canvas, orientation, frame };
}

function frameOf(reader: ImageReader, { at, length }: Chunk): WebpFrame {
  const place = "chunk ANMF";
  const data = at + 8;
  reader.need(data, 16, place);
  const frame = {
    x: 2 * u24(reader, data, place),
    y: 2 * u24(reader, data + 3, place),
    width: 1 + u24(reader, data + 6, place),
    height: 1 + u24(reader, data + 9, place),
    chunks: chunksOf(reader, data + 16, data + length),
  };
  sameSize(reader, frame.chunks, frame, "its frame");
  return frame;
}

function chunksOf(reader: ImageReader, from: number, end: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = from; at + 8 <= end; ) {
    const type = reader.text(at, 4, "a chunk's header");
    const length = reader.u32(at + 4, "a chunk's header");
    reader.need(at + 8, length, `chunk ${type.trim()}`);
    chunks.push({ type, at, length });
    at += 8 + length + (length & 1);
  }
  return chunks;
}

/** The decoder allocates by the picture's own size, so it must be the one that was checked against the limits. */
function sameSize(reader: ImageReader, chunks: Chunk[], expected: { width: number; height: number }, where: string): void {
  const picture = chunks.find(({ type }) => type === "VP8 " || type === "VP8L");
  if (!picture) throw reader.error("there is no picture: neither a VP8 nor a VP8L chunk");
  const found = pictureSize(reader, picture);
  if (found.width !== expected.width || found.height !== expected.height)
    throw reader.error(`the picture has ${found.width} x ${found.height} pixels, ${where} ${expected.width} x ${expected.height}`);
}

/** Size in the picture's own header (RFC 6386, section 9.1; RFC 9649, section 3.4). */
function pictureSize(reader: ImageReader, { type, at }: Chunk): { width: number; height: number } {
  const place = `chunk ${type.trim()}`;
  if (type === "VP8 ") {
    if (u24(reader, at + 11, place) !== 0x2a019d) throw reader.error("chunk VP8 does not begin with a key frame");
    return { width: reader.u16(at + 14, place) & 0x3fff, height: reader.u16(at + 16, place) & 0x3fff };
  }
  if (type !== "VP8L") throw reader.error(`expected chunk VP8, VP8L or VP8X first, found ${type.trim()}`);
  if (reader.u8(at + 8, place) !== 0x2f) throw reader.error("chunk VP8L does not begin with its signature");
  const bits = reader.u32(at + 9, place);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}

function u24(reader: ImageReader, at: number, place: string): number {
  return reader.u16(at, place) + (reader.u8(at + 2, place) << 16);
}
