import { FormatError, LimitError } from "../../core/errors.js";
import { isOrientation, type Orientation } from "./orientation.js";
import { ImageReader } from "./reader.js";

/** Tags of TIFF 6.0 that are read here. */
export const tag = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
} as const;

export interface TiffDirectory {
  /** All numbers of a tag, or `undefined` where it is absent. */
  all(tag: number): number[] | undefined;
  /** First number of a tag, else `fallback`. @throws {FormatError} where both are missing */
  first(tag: number, fallback?: number): number;
}

/** Bytes of one value of the integer types BYTE, SHORT and LONG. */
const typeBytes = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
]);

/** Values of one tag: a strip for every row of a very tall image. */
const mostValues = 2 ** 20;

/** The first directory of a TIFF file or EXIF block. Sets the reader's byte order; values are read when asked for. */
export function tiffDirectory(reader: ImageReader): TiffDirectory {
  reader.littleEndian = reader.text(0, 2, "the header") === "II";
  if (reader.u16(2, "the header") !== 42) throw reader.error("expected version 42; BigTIFF is not supported");
  const start = reader.u32(4, "the header");
  const count = reader.u16(start, "the first directory");
  reader.need(start + 2, count * 12, "the first directory");
  const entries = new Map<number, number>();
  for (let i = 0; i < count; i++) entries.set(reader.u16(start + 2 + i * 12, "the first directory"), start + 2 + i * 12);

  const all = (tag: number): number[] | undefined => {
    const entry = entries.get(tag);
    if (entry === undefined) return undefined;
    const place = `tag ${tag}`;
    const type = reader.u16(entry + 2, place);
    const bytes = typeBytes.get(type);
    if (!bytes) throw reader.error(`tag ${tag} expects a value of type 1, 3 or 4, found type ${type}`);
    const values = reader.u32(entry + 4, place);
    if (values > mostValues) throw new LimitError(`${reader.format}: tag ${tag} has ${values} values, more than ${mostValues} (${reader.name})`);
    const at = values * bytes <= 4 ? entry + 8 : reader.u32(entry + 8, place);
    reader.need(at, values * bytes, place);
    const read = bytes === 1 ? reader.u8 : bytes === 2 ? reader.u16 : reader.u32;
    return Array.from({ length: values }, (_, i) => read.call(reader, at + i * bytes, place));
  };
  const first = (tag: number, fallback?: number): number => {
    const value = all(tag)?.[0] ?? fallback;
    if (value === undefined) throw reader.error(`tag ${tag} is missing`);
    return value;
  };
  return { all, first };
}

export function tiffHeader(reader: ImageReader): { width: number; height: number; orientation: Orientation } {
  const directory = tiffDirectory(reader);
  const orientation = directory.first(tag.orientation, 1);
  return { width: directory.first(tag.width), height: directory.first(tag.height), orientation: isOrientation(orientation) ? orientation : 1 };
}

/** Orientation in an EXIF block, with or without its "Exif\0\0" prefix; 1 where absent or damaged: a bad hint must not lose an image. */
export function exifOrientation(block: Uint8Array): Orientation {
  const prefixed = block[0] === 0x45;
  try {
    const orientation = tiffDirectory(new ImageReader(prefixed ? block.subarray(6) : block, "exif", "EXIF")).first(tag.orientation, 1);
    return isOrientation(orientation) ? orientation : 1;
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return 1;
    throw error;
  }
}
