import { ArgumentError, DataError, LimitError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { hasFiles, type SourceLike } from "../core/source.js";
import { scriptOf } from "../runtime/modules.js";
import type { Pixels } from "./decode/pixels.js";
import { type FileRange, isFileRange, readBytes } from "./read.js";

export type { Pixels } from "./decode/pixels.js";

/** A class of the platform where its type is known, else nothing: these declarations also serve projects without DOM types. */
type PlatformObject<Name extends string> = typeof globalThis extends Record<Name, { prototype: infer Instance }> ? Instance : never;

/** Pixels that the platform holds; they are drawn on a canvas to be read. */
export type Drawable = PlatformObject<"ImageBitmap" | "HTMLImageElement" | "HTMLCanvasElement" | "OffscreenCanvas" | "HTMLVideoElement">;

/** 8-bit samples in rows from the top left: grey, RGB or RGBA. An `ImageData` has no `channels`; it is RGBA. */
export interface RawImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels?: 1 | 3 | 4;
}

type RawPixels = RawImage | PlatformObject<"ImageData">;

/**
 * Anything an image can come from: an image file by path (where there are files), URL, Blob, File or its bytes; pixels;
 * what a page shows. A string that begins with `http:`, `https:`, `data:`, `blob:` or `file:` is a URL; any other is a path in Node,
 * Deno and Bun, and a URL relative to the page in a browser.
 */
export type ImageSource = SourceLike | FileRange | RawPixels | Drawable;

/**
 * The pixels of any image. Files are decoded to RGB, upright by their EXIF orientation; raw pixels are checked and passed on, not copied.
 *
 * @param options.name for errors (default: the path, URL or file name, else "image")
 * @throws {DataError} when nothing readable is there
 * @throws {FormatError} when the file is of an unknown format, truncated or damaged
 * @throws {LimitError} above `limits.imageBytes` or `limits.imagePixels`
 * @throws {ArgumentError} when raw pixels do not fit their sizes, or the source is none of these
 */
export async function toPixels(source: ImageSource, { name = nameOf(source) }: { name?: string } = {}): Promise<Pixels> {
  if (isRaw(source)) return checkedPixels(source, name);
  if (isDrawable(source)) return drawn(source, name);
  if (!isReadable(source))
    throw new ArgumentError(`image: expected a path, URL, Blob, bytes, pixels or a picture of the page, got ${kindOf(source)} (${name})`);
  const bytes = await readBytes(isFileUrl(source) ? new URL(source) : source);
  const { decodeImage } = await scriptOf("decoders", () => import("./decode/decode.js"));
  return decodeImage(bytes, { name });
}

/** The same image in a form that can be posted to a worker and means the same there. */
export async function postable(source: ImageSource): Promise<ImageSource> {
  if (source instanceof URL) return source.href;
  if (typeof source === "string") return hasFiles ? source : new URL(source, globalThis.location?.href).href;
  if (isRaw(source)) {
    const pixels = checkedPixels(source, nameOf(source));
    return { ...pixels, data: alone(pixels.data) };
  }
  if (isDrawable(source)) return drawn(source, nameOf(source));
  return source instanceof Uint8Array ? alone(source) : source;
}

/** Bytes with a buffer of their own, or a shared one: else a view is posted with all of the buffer behind it, be that a whole data set. */
function alone(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  return isShared(buffer) || bytes.byteLength === buffer.byteLength ? bytes : Uint8Array.from(bytes);
}

/** Whether threads see one and the same of what is posted. */
export function isShared(buffer: ArrayBufferLike): boolean {
  return typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer;
}

/** Whether there is something to decode: not so where pixels are given. */
export function isEncoded(source: ImageSource): boolean {
  return !isRaw(source) && !isDrawable(source);
}

/** What errors call a source. Posted to a worker, a File is a Blob without its name. */
export function nameOf(source: ImageSource): string {
  if (typeof source === "string" || source instanceof URL) return String(source).startsWith("data:") ? "data: URL" : String(source);
  if (isFileRange(source)) return `${source.path}, byte ${source.offset}`;
  return source instanceof Blob && "name" in source && typeof source.name === "string" ? source.name : "image";
}

function isFileUrl(source: unknown): source is string {
  return typeof source === "string" && /^file:/i.test(source);
}

function isRaw(source: ImageSource): source is RawPixels {
  return isObject(source) && "data" in source && "width" in source && "height" in source;
}

function isDrawable(source: ImageSource): source is Drawable {
  return isObject(source) && !("data" in source) && "width" in source && "height" in source;
}

/** JavaScript callers may pass anything. */
function isReadable(source: unknown): source is SourceLike | FileRange {
  return typeof source === "string" || [URL, Blob, ArrayBuffer, Uint8Array].some((kind) => source instanceof kind) || isFileRange(source);
}

function isObject(source: unknown): source is object {
  return typeof source === "object" && source !== null;
}

function kindOf(source: unknown): string {
  return isObject(source) ? `an ${source.constructor?.name ?? "object"}` : source === null || source === undefined ? String(source) : `a ${typeof source}`;
}

function checkedPixels(raw: RawPixels, name: string): Pixels {
  const { data, width, height } = raw;
  const channels = ("channels" in raw ? raw.channels : undefined) ?? 4;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    throw new ArgumentError(`pixels: data expects a Uint8Array or Uint8ClampedArray (${name})`);
  const expected = width * height * channels;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0) || ![1, 3, 4].includes(channels) || data.length !== expected) {
    throw new ArgumentError(
      `pixels: expected width x height x channels (1, 3 or 4) bytes, got ${data.length} for ${width} x ${height} x ${channels} (${name})`,
    );
  }
  checkPixelCount(width, height, name);
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height, channels };
}

function checkPixelCount(width: number, height: number, name: string): void {
  if (width * height > limits.imagePixels)
    throw new LimitError(`pixels: ${width} x ${height} are more than limits.imagePixels, ${limits.imagePixels} (${name})`);
}

/** Draws on a canvas in the size of the picture itself, not of its box in the page, and reads that. */
function drawn(source: Drawable, name: string): Pixels {
  const width = "naturalWidth" in source ? source.naturalWidth : "videoWidth" in source ? source.videoWidth : source.width;
  const height = "naturalHeight" in source ? source.naturalHeight : "videoHeight" in source ? source.videoHeight : source.height;
  if (!(width > 0 && height > 0)) throw new DataError(`cannot read ${name}: it has ${width} x ${height} pixels; has it been loaded, and not closed?`);
  checkPixelCount(width, height, name);
  const context = contextOf(width, height);
  if (!context) throw new DataError(`cannot read ${name}: this platform has no 2d canvas; pass { data, width, height, channels }`);
  try {
    context.drawImage(source, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height, channels: 4 };
  } catch (cause) {
    // Pictures of other origins may be shown, not read.
    throw new DataError(`cannot read ${name}: ${(cause as Error).message}`, { cause });
  }
}

function contextOf(width: number, height: number): (CanvasDrawImage & CanvasImageData) | null {
  const options: CanvasRenderingContext2DSettings = { willReadFrequently: true, colorSpace: "srgb" };
  if (typeof OffscreenCanvas === "function") return new OffscreenCanvas(width, height).getContext("2d", options);
  if (typeof document !== "object") return null;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", options);
}
