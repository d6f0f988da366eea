/** Tar archives for tests, written from the POSIX description of the ustar header. */

export interface Entry {
  path: string;
  data?: string | Uint8Array;
  /** Type flag (default "0", a regular file). */
  type?: string;
  /** Text of the size field (default: the data's size in octal). */
  size?: string | Uint8Array;
  /** Changes to the finished header, made before its checksum unless `after` is set. */
  change?(header: Uint8Array): void;
  after?(header: Uint8Array): void;
}

const encoder = new TextEncoder();

export function entry({ path, data = path, type = "0", size, change, after }: Entry): Uint8Array {
  const content = typeof data === "string" ? encoder.encode(data) : data;
  const bytes = new Uint8Array(512 + Math.ceil(content.length / 512) * 512);
  const put = (text: string | Uint8Array, at: number) => bytes.set(typeof text === "string" ? encoder.encode(text) : text, at);
  put(path, 0);
  put("0000644\0", 100);
  put(size ?? `${content.length.toString(8).padStart(11, "0")}\0`, 124);
  put("        ", 148);
  put(type, 156);
  put("ustar\x0000", 257);
  change?.(bytes);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  after?.(bytes);
  put(content, 512);
  return bytes;
}

/** A whole archive; `end` is the number of zero blocks that close it. */
export function tar(entries: (Entry | string)[], end = 2): Uint8Array<ArrayBuffer> {
  const parts = [...entries.map((one) => entry(typeof one === "string" ? { path: one } : one)), new Uint8Array(512 * end)];
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** One pax record: its length counts itself. */
export function pax(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}
