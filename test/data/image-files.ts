import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Fixture {
  width: number;
  height: number;
  images: Record<string, { file: string; rgb: string }>;
}

const { width, height, images }: Fixture = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/image-files.json"), "utf8"));

export { height, width };

/** Small image files of many kinds, and what Pillow reads from each. */
export const imageFiles = Object.entries(images).map(([name, { file, rgb }]) => ({ name, file: bytes(file), rgb: bytes(rgb) }));

export function imageFile(name: string): { file: Uint8Array; rgb: Uint8Array } {
  const found = imageFiles.find((one) => one.name === name);
  if (!found) throw new Error(`no fixture ${name}`);
  return found;
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** Bytes, 16- and 32-bit numbers in a row: `["text", u8, [u16], [[u32]]]`. */
export type Part = string | number | readonly [number] | readonly [readonly [number]] | Uint8Array;

/** A file put together by hand. */
export function assemble(littleEndian: boolean, ...parts: Part[]): Uint8Array {
  const number = (value: number, size: number) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, littleEndian);
    return new Uint8Array(view.buffer, littleEndian ? 0 : 4 - size, size);
  };
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "string") return Buffer.from(part, "latin1");
      if (typeof part === "number") return number(part, 1);
      if (part instanceof Uint8Array) return part;
      const [value] = part;
      return typeof value === "number" ? number(value, 2) : number(value[0], 4);
    }),
  ).subarray();
}

/** A TIFF directory of one tag, Orientation: the body of an EXIF block. */
export function exif(orientation: number, littleEndian = true): Uint8Array {
  return assemble(littleEndian, littleEndian ? "II" : "MM", [42], [[8]], [1], [274], [3], [[1]], [orientation], [0], [[0]]);
}

/** A PNG chunk with its checksum. */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  let crc = ~0;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return assemble(false, [[data.length]], body, [[~crc >>> 0]]);
}

/** `file` with `part` put in at byte `at`. */
export function insert(file: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([file.subarray(0, at), part, file.subarray(at)]));
}
