import { givesUp, openCodec } from "./codec.js";
import { type Pixels, toRgb } from "./pixels.js";
import type { ImageReader } from "./reader.js";
import { type WebpFrame, webpHeader } from "./webp-header.js";

const withWebp = openCodec("webp", {
  wasi_snapshot_preview1: { fd_close: givesUp, fd_seek: givesUp, fd_write: givesUp },
});

/** WebP, lossy or lossless, to RGBA by libwebp; of an animation, the first frame in RGB on a black canvas. */
export async function decodeWebp(reader: ImageReader): Promise<Pixels> {
  const { width, height, frame } = webpHeader(reader);
  if (!frame) return decodeStill(reader, reader.bytes, width, height);
  const picture = toRgb(await decodeStill(reader, stillOf(reader, frame), frame.width, frame.height));
  const canvas = new Uint8Array(width * height * 3);
  for (let row = 0; row < frame.height; row++) {
    canvas.set(picture.data.subarray(row * frame.width * 3, (row + 1) * frame.width * 3), ((frame.y + row) * width + frame.x) * 3);
  }
  return { data: canvas, width, height, channels: 3 };
}

function decodeStill(reader: ImageReader, file: Uint8Array, width: number, height: number): Promise<Pixels> {
  return withWebp(reader, (webp) => {
    const input = webp.copyIn(file);
    const found = webp.allocate(8);
    const picture = webp.call("WebPDecodeRGBA", input, file.length, found, found + 4) >>> 0;
    if (!picture) throw reader.error("the decoder gives up: the data is damaged");
    const [foundWidth, foundHeight] = new Uint32Array(webp.memory().buffer, found, 2);
    if (foundWidth !== width || foundHeight !== height)
      throw reader.error(`expected ${width} x ${height} pixels as in its header, the decoder found ${foundWidth} x ${foundHeight}`);
    const data = webp.memory().slice(picture, picture + width * height * 4);
    webp.call("free", picture);
    return { data, width, height, channels: 4 };
  });
}

/** A file of its own for one frame of an animation (RFC 9649, section 2.7): the decoder reads stills only. */
function stillOf(reader: ImageReader, { width, height, chunks }: WebpFrame): Uint8Array {
  const parts = chunks.filter(({ type }) => ["ALPH", "VP8 ", "VP8L"].includes(type)).map(({ at, length }) => reader.part(at, 8 + length, "chunk ANMF"));
  const hasAlpha = chunks.some(({ type }) => type === "ALPH");
  const extended = hasAlpha ? 18 : 0;
  const even = (bytes: number) => bytes + (bytes & 1);
  const file = new Uint8Array(12 + extended + parts.reduce((sum, part) => sum + even(part.length), 0));
  const view = new DataView(file.buffer);
  const write = (text: string, at: number) =>
    file.set(
      Array.from(text, (char) => char.charCodeAt(0)),
      at,
    );
  write("RIFF", 0);
  view.setUint32(4, file.length - 8, true);
  write("WEBP", 8);
  if (hasAlpha) {
    write("VP8X", 12);
    view.setUint32(16, 10, true);
    view.setUint32(20, 0x10, true);
    // Two 24-bit numbers side by side: width - 1 and height - 1.
    view.setUint32(24, (width - 1) | ((height - 1) << 24), true);
    view.setUint16(28, (height - 1) >> 8, true);
  }
  let at = 12 + extended;
  for (const part of parts) {
    file.set(part, at);
    at += even(part.length);
  }
  return file;
}
