import { LimitError } from "../../core/errors.js";
import type { Orientation } from "./orientation.js";
import type { ImageReader } from "./reader.js";
import { exifOrientation } from "./tiff-header.js";

export interface JpegHeader {
  width: number;
  height: number;
  components: 1 | 3 | 4;
  orientation: Orientation;
  /** Byte at which the first scan's marker stands. */
  firstScan: number;
}

/** Scans of one file; a progressive file has about ten. Each costs a pass over all pixels. libjpeg-turbo's fuzzers stop at the same number. */
const mostScans = 500;

const marker = { startOfImage: 0xd8, endOfImage: 0xd9, startOfScan: 0xda, app1: 0xe1 } as const;

/** Everything before the first scan (ITU T.81, annex B). */
export function jpegHeader(reader: ImageReader): JpegHeader {
  let frame: Pick<JpegHeader, "width" | "height" | "components"> | undefined;
  let orientation: Orientation | undefined;
  for (let at = 2; ; ) {
    at = nextMarker(reader, at);
    const code = reader.bytes[at + 1];
    if (code === marker.endOfImage) throw reader.error(`file has no scan: its end marker stands at byte ${at}`);
    if (isAlone(code)) {
      at += 2;
      continue;
    }
    const place = `segment ${segmentName(code)}`;
    const length = segmentLength(reader, at);
    if (code === marker.startOfScan) {
      if (!frame) throw reader.error(`the scan at byte ${at} comes before any frame header`);
      return { ...frame, orientation: orientation ?? 1, firstScan: at };
    }
    if (isFrame(code)) frame = frameHeader(reader, at, code, place);
    if (code === marker.app1 && length >= 8 && reader.text(at + 4, 6, place) === "Exif\0\0")
      orientation ??= exifOrientation(reader.part(at + 4, length - 2, place));
    at += 2 + length;
  }
}

/**
 * Walks the scans to the end marker. libjpeg fills what is missing with grey and says nothing; a truncated file must not pass.
 *
 * @throws {FormatError} where the file ends before its end marker
 * @throws {LimitError} on more than 500 scans
 */
export function checkJpegScans(reader: ImageReader, firstScan: number): void {
  for (let at = firstScan, scans = 0; ; ) {
    const place = scans ? `scan ${scans}` : "the first scan";
    at = nextMarker(reader, at, place);
    const code = reader.bytes[at + 1];
    if (code === marker.endOfImage) return;
    if (code === marker.startOfScan && ++scans > mostScans) throw new LimitError(`jpeg: more than ${mostScans} scans (${reader.name})`);
    at += 2 + (isAlone(code) ? 0 : segmentLength(reader, at));
  }
}

/** Position of the next FF xx that is a marker: not FF 00 (an escaped data byte) and not FF FF (fill). */
function nextMarker(reader: ImageReader, from: number, place = "the space between segments"): number {
  for (let at = from; ; at++) {
    at = reader.bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= reader.bytes.length) throw reader.ends(place);
    if (reader.bytes[at + 1] !== 0 && reader.bytes[at + 1] !== 0xff) return at;
  }
}

function segmentLength(reader: ImageReader, at: number): number {
  const place = `segment ${segmentName(reader.bytes[at + 1])}`;
  const length = reader.u16(at + 2, place);
  if (length < 2) throw reader.error(`${place} at byte ${at} claims a length of ${length}, less than its own 2 bytes`);
  reader.need(at + 2, length, place);
  return length;
}

function frameHeader(reader: ImageReader, at: number, code: number, place: string): Pick<JpegHeader, "width" | "height" | "components"> {
  const kind = code & 15;
  if (kind > 2)
    throw reader.error(
      `${segmentName(code)} (${kind > 8 ? "arithmetic coding" : kind === 3 ? "lossless" : "hierarchical"}) is not supported; expected SOF0, SOF1 or SOF2`,
    );
  const precision = reader.u8(at + 4, place);
  if (precision !== 8) throw reader.error(`expected 8 bits a sample, found ${precision}`);
  const components = reader.u8(at + 9, place);
  if (components !== 1 && components !== 3 && components !== 4) throw reader.error(`expected 1, 3 or 4 components, found ${components}`);
  return { height: reader.u16(at + 5, place), width: reader.u16(at + 7, place), components };
}

/** Markers without a length: TEM, RST0 to RST7 and SOI. */
function isAlone(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= marker.startOfImage);
}

/** SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range. */
function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

function segmentName(code: number): string {
  if (isFrame(code)) return `SOF${code & 15}`;
  if (code >= 0xe0 && code <= 0xef) return `APP${code & 15}`;
  const names: Record<number, string> = { 0xc4: "DHT", 0xcc: "DAC", 0xda: "SOS", 0xdb: "DQT", 0xdc: "DNL", 0xdd: "DRI", 0xfe: "COM" };
  return names[code] ?? `0x${code.toString(16)}`;
}
