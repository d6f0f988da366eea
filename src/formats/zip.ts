/** Zip archives in memory: entries by name, each unpacked alone, into room of a size that was checked before. */
import { inflateSync } from "fflate";
import { FormatError, LimitError, UnsupportedOpError } from "../core/errors.js";
import { limits } from "../core/limits.js";

export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked, as the archive states. */
  readonly size: number;
  /** @throws {LimitError} for more than `most` bytes, {FormatError} for data that are not what the archive states */
  read(most?: number): Uint8Array<ArrayBuffer>;
}

interface PlacedEntry extends ZipEntry {
  /** Where its bytes lie, at least: another name or further fields before them may reach beyond the end. */
  readonly begin: number;
  readonly end: number;
}

const endSignature = 0x06054b50;
const directorySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const directoryBytes = 46;
const localBytes = 30;
const longestComment = 65535;
/** No deflated byte stands for more bytes than this. */
const steepestDeflate = 1032;

/**
 * The archive at the end of `bytes`, where one is; what stands before it does not matter.
 *
 * @returns entries by name, without folders; `undefined` where there is no archive
 * @throws {FormatError | LimitError | UnsupportedOpError}
 * @see PKWARE APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16
 */
export function readZip(bytes: Uint8Array, file: string): Map<string, ZipEntry> | undefined {
  const view = viewOf(bytes);
  const end = findEnd(view);
  if (end === undefined) return undefined;
  const fail = (message: string): never => {
    throw new FormatError(`zip: ${message} (${file})`);
  };
  const [count, length, offset] = [view.getUint16(end + 10, true), view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (count === 0xffff || offset === 0xffffffff) throw new UnsupportedOpError(`zip: archives of 64-bit sizes are not supported (${file})`);
  // Where something was put before the archive, its offsets may count from its own start.
  const start = end - length - offset;
  if (start < 0) fail(`the directory of ${length} bytes at byte ${offset} does not fit before byte ${end}`);
  const entries = new Map<string, ZipEntry>();
  const all: PlacedEntry[] = [];
  let at = start + offset;
  for (let i = 0; i < count; i++) {
    if (at + directoryBytes > end || view.getUint32(at, true) !== directorySignature) fail(`the directory ends after ${i} of ${count} entries`);
    const next = at + directoryBytes + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) fail(`entry ${i} ends after the directory`);
    const entry = readEntry(bytes, view, at, start, file);
    if (entries.has(entry.name)) fail(`two entries are named ${JSON.stringify(entry.name)}`);
    if (!entry.name.endsWith("/")) entries.set(entry.name, entry);
    all.push(entry);
    at = next;
  }
  // Entries that share their bytes make a small archive large.
  all.sort((a, b) => a.begin - b.begin);
  all.slice(1).forEach(({ name, begin }, i) => {
    if (begin < all[i].end) fail(`${JSON.stringify(name)} begins at byte ${begin}, inside ${JSON.stringify(all[i].name)}`);
  });
  return entries;
}

function readEntry(bytes: Uint8Array, view: DataView, at: number, start: number, file: string): PlacedEntry {
  const [flags, method, crc] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true), view.getUint32(at + 16, true)];
  const [packed, size, nameLength] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint16(at + 28, true)];
  const local = start + view.getUint32(at + 42, true);
  const name = new TextDecoder().decode(bytes.subarray(at + directoryBytes, at + directoryBytes + nameLength));
  const where = `zip: ${JSON.stringify(name)}`;
  return {
    name,
    size,
    begin: local,
    end: local + localBytes + nameLength + packed,
    read(most = limits.memoryBytes) {
      if (size > most) throw new LimitError(`${where} has ${size} bytes, more than ${most} (${file})`);
      if (flags & 1 || (method !== 0 && method !== 8))
        throw new UnsupportedOpError(`${where}: encryption and methods other than deflate are not supported (${file})`);
      if (local + localBytes > bytes.length || view.getUint32(local, true) !== localSignature)
        throw new FormatError(`${where} does not begin at byte ${local} (${file})`);
      const from = local + localBytes + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (from + packed > bytes.length) throw new FormatError(`${where} ends at byte ${from + packed}, after the file's ${bytes.length} (${file})`);
      if (method === 0 ? packed !== size : size > packed * steepestDeflate)
        throw new FormatError(`${where}: ${packed} bytes cannot be unpacked to ${size} (${file})`);
      const unpacked = method === 0 ? bytes.slice(from, from + size) : inflate(bytes.subarray(from, from + packed), size, where, file);
      if (unpacked.length !== size || crc32(unpacked) !== crc) throw new FormatError(`${where}: the unpacked bytes are not those that were packed (${file})`);
      return unpacked;
    },
  };
}

function inflate(packed: Uint8Array, size: number, where: string, file: string): Uint8Array<ArrayBuffer> {
  try {
    return inflateSync(packed, { out: new Uint8Array(size) }) as Uint8Array<ArrayBuffer>;
  } catch (cause) {
    throw new FormatError(`${where}: ${(cause as Error).message} (${file})`, { cause });
  }
}

function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - endBytes - longestComment);
  for (let at = view.byteLength - endBytes; at >= first; at--) {
    if (view.getUint32(at, true) === endSignature && at + endBytes + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return undefined;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength);

/** CRC-32 of ISO 3309, as APPNOTE 4.4.7 wants it. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255];
  return ~crc >>> 0;
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});
