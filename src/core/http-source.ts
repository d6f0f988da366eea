import { type ByteSource, byteSource, openBytes } from "./byte-source.js";
import { DataError, FormatError, LimitError } from "./errors.js";
import { limits } from "./limits.js";

const FIRST_REQUEST = 65536;

/**
 * Reads by HTTP Range where the server answers such requests, else fetches the whole body once.
 *
 * @returns undefined where the server has no such file
 * @throws {DataError} for any other refusal
 */
export async function openUrl(url: string): Promise<ByteSource | undefined> {
  const first = await request(url, 0, FIRST_REQUEST);
  if (!first) return undefined;
  const total = Number(/^bytes 0-\d+\/(\d+)$/.exec(first.headers.get("content-range") ?? "")?.[1]);
  if (first.status !== 206 || !Number.isSafeInteger(total)) {
    if (first.status === 200) return openBytes(await wholeBody(url, first), url);
    await first.body?.cancel();
    const whole = await request(url);
    return whole && openBytes(await wholeBody(url, whole), url);
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
  if (!part) throw notThere(url);
  const range = part.headers.get("content-range") ?? "nothing";
  const expected = `bytes ${offset}-${offset + length - 1}/${known?.total ?? ""}`;
  const fits = known ? range === expected && part.headers.get("etag") === known.etag : range.startsWith(expected);
  if (part.status !== 206 || !fits) {
    await part.body?.cancel();
    throw new FormatError(`expected ${expected}, got ${range} with status ${part.status}: the file changed while it was read (${url})`);
  }
  return new Uint8Array(await part.arrayBuffer());
}

/** What to say where `openUrl` finds nothing. */
export const notThere = (url: string) => new DataError(`cannot fetch ${url}: status 404 Not Found`);

async function request(url: string, offset?: number, length = 0): Promise<Response | undefined> {
  const headers: HeadersInit = offset === undefined ? {} : { range: `bytes=${offset}-${offset + length - 1}`, "accept-encoding": "identity" };
  const response = await fetch(url, { headers }).catch((cause) => {
    throw new DataError(`cannot fetch ${url}: ${cause.message}`, { cause });
  });
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new DataError(`cannot fetch ${url}: status ${response.status} ${response.statusText}`);
}

async function wholeBody(url: string, response: Response): Promise<Uint8Array> {
  const size = Number(response.headers.get("content-length") ?? 0);
  if (size > limits.memoryBytes) throw new LimitError(`${url} has ${size} bytes, more than ${limits.memoryBytes}`);
  return new Uint8Array(await response.arrayBuffer());
}
