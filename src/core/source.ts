import { DataError, FormatError, LimitError } from "./errors.js";
import { limits } from "./limits.js";
import { type ByteSource, byteSource, openBytes } from "./byte-source.js";

/** Where bytes come from: a path (where there is a file system), a URL, a Blob or File, or the bytes themselves. */
export type SourceLike = string | URL | Blob | ArrayBuffer | Uint8Array;

/** Whether strings without a scheme are paths: true in Node, Deno and Bun; elsewhere they are URLs relative to the page. */
export const hasFiles = typeof process === "object" && typeof process.getBuiltinModule === "function";

/** Whether this names a file on this machine. */
export function isFile(from: SourceLike): from is string | URL {
  if (from instanceof URL) return from.protocol === "file:";
  return hasFiles && typeof from === "string" && !/^(https?|blob|data):/i.test(from);
}

/** @throws {DataError} when nothing readable is there */
export async function openSource(from: SourceLike): Promise<ByteSource> {
  if (from instanceof Blob) return openBlob(from);
  if (from instanceof ArrayBuffer) return openBytes(new Uint8Array(from));
  if (from instanceof Uint8Array) return openBytes(from);
  return isFile(from) ? (await import("./file-node.js")).openFile(from) : openUrl(String(from));
}

function openBlob(blob: Blob): ByteSource {
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : "Blob";
  return byteSource(name, blob.size, async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()));
}

const FIRST_REQUEST = 65536;

/** Reads by HTTP Range where the server answers such requests, else fetches the whole body once. */
async function openUrl(url: string): Promise<ByteSource> {
  const first = await request(url, 0, FIRST_REQUEST);
  const total = Number(/^bytes 0-\d+\/(\d+)$/.exec(first.headers.get("content-range") ?? "")?.[1]);
  if (first.status !== 206 || !Number.isSafeInteger(total)) {
    if (first.status === 200) return openBytes(await wholeBody(url, first), url);
    await first.body?.cancel();
    return openBytes(await wholeBody(url, await request(url)), url);
  }
  const etag = first.headers.get("etag");
  const head = new Uint8Array(await first.arrayBuffer());
  return byteSource(url, total, async (offset, length) => {
    if (offset + length <= head.byteLength) return head.slice(offset, offset + length);
    return readUrlPart(url, offset, length, { total, etag });
  });
}

/**
 * Some bytes of what a URL gives, by one HTTP Range request.
 *
 * @param known what earlier answers said of the whole
 * @throws {FormatError} when the answer is another part, or of another file
 */
export async function readUrlPart(
  url: string,
  offset: number,
  length: number,
  known?: { total: number; etag: string | null },
): Promise<Uint8Array<ArrayBuffer>> {
  if (length === 0) return new Uint8Array();
  const part = await request(url, offset, length);
  const range = part.headers.get("content-range") ?? "nothing";
  const expected = `bytes ${offset}-${offset + length - 1}/${known?.total ?? ""}`;
  const fits = known ? range === expected && part.headers.get("etag") === known.etag : range.startsWith(expected);
  if (part.status !== 206 || !fits) {
    await part.body?.cancel();
    throw new FormatError(`expected ${expected}, got ${range} with status ${part.status}: the file changed while it was read (${url})`);
  }
  return new Uint8Array(await part.arrayBuffer());
}

async function request(url: string, offset?: number, length = 0): Promise<Response> {
  const headers: HeadersInit = offset === undefined ? {} : { range: `bytes=${offset}-${offset + length - 1}`, "accept-encoding": "identity" };
  const response = await fetch(url, { headers }).catch((cause) => {
    throw new DataError(`cannot fetch ${url}: ${cause.message}`, { cause });
  });
  if (!response.ok && response.status !== 416) throw new DataError(`cannot fetch ${url}: status ${response.status} ${response.statusText}`);
  return response;
}

async function wholeBody(url: string, response: Response): Promise<Uint8Array> {
  const size = Number(response.headers.get("content-length") ?? 0);
  if (size > limits.memoryBytes) throw new LimitError(`${url} has ${size} bytes, more than ${limits.memoryBytes}`);
  return new Uint8Array(await response.arrayBuffer());
}
