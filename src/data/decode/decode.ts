import { orient } from "./orientation.js";
import { type Pixels, toRgb } from "./pixels.js";
import { type ImageFormat, probeImage } from "./probe.js";
import { ImageReader } from "./reader.js";

type Decoder = (reader: ImageReader) => Pixels | Promise<Pixels>;

const decoders: Record<ImageFormat, () => Promise<Decoder>> = {
  jpeg: async () => (await import("./jpeg.js")).decodeJpeg,
  png: async () => (await import("./png.js")).decodePng,
  bmp: async () => (await import("./bmp.js")).decodeBmp,
  gif: async () => (await import("./gif.js")).decodeGif,
  tiff: async () => (await import("./tiff.js")).decodeTiff,
  webp: async () => (await import("./webp.js")).decodeWebp,
};

/** Decoders that have been imported: each is at the first image of its format. */
const loaded = new Map<ImageFormat, Decoder>();

/**
 * Decodes an image file to 8-bit RGB, upright by its EXIF orientation. The format is recognised by content. Alpha is dropped,
 * not composited; of animations and multi-page files the first picture counts. The same bits in every runtime.
 *
 * @param options.name path, URL or another name of the file, for errors (default "image")
 * @throws {FormatError} when the file is empty, of another format, truncated or damaged
 * @throws {LimitError} when it is larger than `limits.imageBytes` or `limits.imagePixels`; its header is checked before anything is decoded
 */
export async function decodeImage(bytes: Uint8Array, { name = "image" }: { name?: string } = {}): Promise<Pixels> {
  const { format, orientation } = probeImage(bytes, name);
  const decode = loaded.get(format) ?? (await decoders[format]());
  loaded.set(format, decode);
  return orient(toRgb(await decode(new ImageReader(bytes, format, name))), orientation);
}
