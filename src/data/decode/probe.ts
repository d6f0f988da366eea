import { FormatError, LimitError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { bmpHeader } from "./bmp-header.js";
import { gifHeader } from "./gif-header.js";
import { jpegHeader } from "./jpeg-header.js";
import type { Orientation } from "./orientation.js";
import { checkSize } from "./pixels.js";
import { pngHeader } from "./png-header.js";
import { ImageReader } from "./reader.js";
import { tiffHeader } from "./tiff-header.js";
import { webpHeader } from "./webp-header.js";

export type ImageFormat = "jpeg" | "png" | "bmp" | "gif" | "tiff" | "webp";

export interface ImageHeader {
  format: ImageFormat;
  /** Pixels of a stored row and stored rows; `orientation` 5 to 8 swaps them in the picture. */
  width: number;
  height: number;
  orientation: Orientation;
}

const signatures: [format: ImageFormat | "AVIF or HEIC", pattern: RegExp][] = [
  ["jpeg", /^\xff\xd8\xff/],
  ["png", /^\x89PNG\r\n\x1a\n/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF[^]{4}WEBP/],
  ["tiff", /^(II[*+]\0|MM\0[*+])/],
  ["bmp", /^BM/],
  ["AVIF or HEIC", /^[^]{4}ftyp/],
];

const headers: Record<ImageFormat, (reader: ImageReader) => { width: number; height: number; orientation?: Orientation }> = {
  jpeg: jpegHeader,
  png: pngHeader,
  bmp: bmpHeader,
  gif: gifHeader,
  tiff: tiffHeader,
  webp: webpHeader,
};

/**
 * Format, size and orientation of an image file, by its content and without decoding it. Nothing larger than the file is allocated.
 *
 * @param name path, URL or another name of the file, for errors
 * @throws {FormatError} when the file is empty, of another format or broken off inside what is read here
 * @throws {LimitError} when it has more than `limits.imageBytes` bytes or claims more than `limits.imagePixels` pixels
 */
export function probeImage(bytes: Uint8Array, name = "image"): ImageHeader {
  if (bytes.length === 0) throw new FormatError(`image: file is empty (${name})`);
  if (bytes.length > limits.imageBytes) throw new LimitError(`image: ${bytes.length} bytes are more than limits.imageBytes, ${limits.imageBytes} (${name})`);
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  const format = signatures.find(([, pattern]) => pattern.test(start))?.[0];
  if (!format) throw new FormatError(`image: expected JPEG, PNG, WebP, GIF, BMP or TIFF, found a file that begins with ${hex(bytes.subarray(0, 8))} (${name})`);
  if (format === "AVIF or HEIC") throw new FormatError(`image: ${format} is not supported; expected JPEG, PNG, WebP, GIF, BMP or TIFF (${name})`);
  const { width, height, orientation = 1 } = headers[format](new ImageReader(bytes, format, name));
  checkSize(width, height, format, name);
  return { format, width, height, orientation };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
