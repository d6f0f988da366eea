import type { ByteSource } from "../core/byte-source.js";
import { FormatError, LimitError } from "../core/errors.js";
import { giveWay } from "../core/slices.js";

/** A regular file inside a tar. */
export interface TarMember {
  readonly path: string;
  /** First byte of its content, counted from the start of the archive. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Its content, where `indexTar` was asked for it. */
  readonly content?: Uint8Array;
}

const BLOCK = 512;
const WINDOW = 256 * 1024;
/** Bytes of one member that is kept in memory: a long name, a pax record, a label. */
const LARGEST_TEXT = 2 ** 20;

/**
 * Lists the regular files of a tar by its headers: ustar, GNU long names, pax `path` and `size`. Folders, links and
 * devices are left out; of two members with one path the later counts, as when unpacking.
 *
 * @param keep whether the content of this member is wanted at once
 * @param signal ends the listing with its reason
 * @throws {FormatError} when the archive is cut off, a checksum is wrong or a field is no number; {LimitError} when a name or kept member is too large
 * @see POSIX.1-2017, pax: "ustar Interchange Format" and "pax Interchange Format"
 */
export async function indexTar(archive: ByteSource, keep: (path: string) => boolean = () => false, signal?: AbortSignal): Promise<TarMember[]> {
  const members = new Map<string, TarMember>();
  const read = windowed(archive);
  const fail = (message: string): never => {
    throw new FormatError(`tar: ${message} (${archive.name})`);
  };
  let path: string | undefined;
  let size: number | undefined;
  for (let at = 0; ; ) {
    if (at + BLOCK > archive.size) fail(`expected another header at byte ${at} or the end mark, found the end of the file at ${archive.size}`);
    const header = await read(at, BLOCK);
    await giveWay(signal);
    if (at === 0 && header[0] === 0x1f && header[1] === 0x8b) fail("the archive is compressed; members are read in place, so unpack it with gunzip first");
    if (header.every((byte) => byte === 0)) return [...members.values()];
    const field = (place: number, length: number) => header.subarray(place, place + length);
    if (!checksumHolds(header, parseNumber(field(148, 8))))
      fail(`header at byte ${at} does not match its checksum${at === 0 ? "; is this a tar archive?" : ""}`);

    const type = String.fromCharCode(header[156] || 0x30);
    const isText = "LKxg".includes(type);
    const hasData = !"123456".includes(type);
    const own = hasData ? (parseNumber(field(124, 12)) ?? fail(`header at byte ${at} has a size that is no number`)) : 0;
    const length = hasData && !isText ? (size ?? own) : own;
    const start = at;
    const offset = at + BLOCK;
    const name = path ?? nameOf(header, at, fail);
    if (offset + length > archive.size) fail(`member ${JSON.stringify(name)} ends at byte ${offset + length}, after the archive's ${archive.size}`);
    const content = async (): Promise<Uint8Array> => {
      if (length > LARGEST_TEXT)
        throw new LimitError(
          `tar: ${isText ? "a long name or pax record" : `member ${JSON.stringify(name)}`} at byte ${start} has ${length} bytes, more than ${LARGEST_TEXT} (${archive.name})`,
        );
      return (await read(offset, length)).slice();
    };
    at = offset + Math.ceil(length / BLOCK) * BLOCK;

    if (type === "L") path = decode(untilZero(await content()), offset, fail);
    else if (type === "x") {
      const records = parsePax(await content(), offset, fail);
      path = records.get("path") ?? path;
      const given = records.get("size");
      if (given !== undefined)
        size = /^\d{1,15}$/.test(given) ? Number(given) : fail(`pax record at byte ${offset} has a size ${JSON.stringify(given)} that is no number`);
      if ([...records.keys()].some((key) => key.startsWith("GNU.sparse.")))
        fail(`pax record at byte ${offset} makes the next member sparse: pack it without --sparse`);
    } else if (!isText) {
      if (type === "S") fail(`member ${JSON.stringify(name)} is sparse: pack it without --sparse`);
      if (type === "0" || type === "7") members.set(name, { path: name, offset, size: length, content: keep(name) ? await content() : undefined });
      path = size = undefined;
    }
  }
}

type Fail = (message: string) => never;

/** Reads through a window, so that headers close to each other cost one read. */
function windowed(source: ByteSource): (offset: number, length: number) => Promise<Uint8Array> {
  let start = 0;
  let window = new Uint8Array();
  return async (offset, length) => {
    if (offset < start || offset + length > start + window.length) {
      window = await source.read(offset, Math.max(length, Math.min(WINDOW, source.size - offset)));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

/** Octal text, or GNU's base-256 (first bit set); undefined when it is neither or above 2^53 - 1. */
function parseNumber(field: Uint8Array): number | undefined {
  if (field[0] & 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, field[0] & 0x7f);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = String.fromCharCode(...field);
  const [, digits] = /^ *([0-7]*)[ \0]*$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}

/** The sum of all bytes, the checksum's own taken as spaces; some old archivers summed signed bytes. */
function checksumHolds(header: Uint8Array, expected: number | undefined): boolean {
  let unsigned = 0;
  let signed = 0;
  header.forEach((byte, place) => {
    const value = place >= 148 && place < 156 ? 0x20 : byte;
    unsigned += value;
    signed += value < 128 ? value : value - 256;
  });
  return unsigned === expected || signed === expected;
}

function nameOf(header: Uint8Array, at: number, fail: Fail): string {
  const name = decode(untilZero(header.subarray(0, 100)), at, fail);
  const isUstar = String.fromCharCode(...header.subarray(257, 263)) === "ustar\0";
  const prefix = isUstar ? decode(untilZero(header.subarray(345, 500)), at, fail) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** `length key=value\n` records; the length counts itself. */
function parsePax(bytes: Uint8Array, at: number, fail: Fail): Map<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(0x20, start);
    const digits = String.fromCharCode(...bytes.subarray(start, Math.min(Math.max(space, start), start + 8)));
    const end = start + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    if (!/^[1-9]\d*$/.test(digits) || end > bytes.length || bytes[end - 1] !== 0x0a || space < 0 || equals < space || equals >= end) {
      return fail(`pax record at byte ${at + start} is malformed`);
    }
    records.set(decode(bytes.subarray(space + 1, equals), at, fail), decode(bytes.subarray(equals + 1, end - 1), at, fail));
    start = end;
  }
  return records;
}

function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, at: number, fail: Fail): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail(`name at byte ${at} is not valid UTF-8`);
  }
}
