import { DataError, FormatError, LimitError } from "../core/errors.js";
import { hasFiles } from "../core/source.js";
import { pickleHeadBytes, refusePickle } from "../formats/pickle.js";
import type { Unfinished } from "./cache.js";
import { env } from "./env.js";
import { Interruption, request, wholeNumber } from "./request.js";

export interface DownloadProgress {
  /** Name of the file. */
  readonly file: string;
  /** Bytes that have come, with those of an earlier attempt. */
  readonly loaded: number;
  /** Bytes in all, undefined where the server does not say. */
  readonly total: number | undefined;
}

export interface DownloadOptions {
  /** Called as bytes come; never for files that the cache has. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Stops a download; what came is kept, and the next one goes on from there. */
  readonly signal?: AbortSignal;
}

/** How long a download keeps trying; times in milliseconds. */
export const patience = {
  /** Between the first two attempts; doubled each time. */
  pause: 500,
  longestPause: 16_000,
  /** Without a byte, after which an attempt has failed. */
  silence: 30_000,
};

export interface Wanted {
  readonly url: string;
  /** Name to keep it under. */
  readonly name: string;
  /** Most bytes that it may have. */
  readonly limit: number;
  /** Whether the URL never means another content, so that a cached file need not be compared with it. */
  readonly isFixed?: boolean;
  /** Known beforehand. */
  readonly sha256?: string;
}

/** What a server says of a file before it sends it. */
export interface Remote {
  readonly sha256?: string;
  /** Of the content as it is served; strong, so that parts of equal ETag fit together. */
  readonly etag?: string;
  readonly size?: number;
  readonly commit?: string;
}

/** Asks for a file without its content. @returns undefined where there is none */
export async function inspect({ url, sha256 }: Wanted, { signal }: DownloadOptions): Promise<Remote | undefined> {
  const silence = new Silence(signal);
  const { response, hub } = await request(url, { method: "HEAD", signal: silence.signal }).finally(() => silence.end());
  const { status, headers, ok } = response;
  const code = headers.get("x-error-code") ?? "";
  if ((status === 404 || status === 410) && /^(EntryNotFound)?$/.test(code)) return undefined;
  if (status === 401 || code) throw refusal(response, url);
  const etag = headers.get("etag");
  return {
    sha256: sha256 ?? (/^[0-9a-f]{64}$/.test(hub.etag ?? "") ? hub.etag : undefined),
    etag: ok && etag?.startsWith('"') ? etag : undefined, // some servers refuse HEAD; then the file says what it is when it comes
    size: hub.size ?? (ok ? sizeOf(response) : undefined),
    commit: hub.commit,
  };
}

/** One attempt at what is missing of a file. @throws {Interruption} where it broke off */
export async function receive(wanted: Wanted, remote: Remote, unfinished: Unfinished, { onProgress, signal }: DownloadOptions): Promise<void> {
  const { url, name } = wanted;
  if (unfinished.size > 0 && unfinished.size === remote.size) return;
  if (!remote.sha256 && !remote.etag) await unfinished.restart(); // nothing says that the parts are of one file
  const start = unfinished.size;
  const silence = new Silence(signal);
  try {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    if (start > 0 && !remote.sha256 && remote.etag) headers["if-range"] = remote.etag;
    const { response } = await request(url, { headers, signal: silence.signal });
    const isRest = response.status === 206 && startOf(response) === start;
    if (response.status !== 200 && !isRest) {
      await response.body?.cancel();
      if (response.status !== 206 && response.status !== 416) throw refusal(response, url);
      await unfinished.restart();
      throw new Interruption("the server does not go on from where the download broke off");
    }
    if (!isRest && start > 0) await unfinished.restart();
    const length = sizeOf(response);
    const total = remote.size ?? (length === undefined ? undefined : unfinished.size + length);
    if (total !== undefined) checkSize(total, wanted);
    const isPage = /^text\/html/i.test(response.headers.get("content-type") ?? "");
    if (!isPage && length !== undefined && unfinished.size + length !== total)
      throw new FormatError(`expected a file of ${total} bytes, got one of ${unfinished.size + length} (${url})`);
    for await (const chunk of chunksOf(response)) {
      silence.heard();
      if (unfinished.size === 0) checkContent(name, url, chunk, isPage);
      const loaded = unfinished.size + chunk.byteLength;
      checkSize(loaded, wanted);
      if (total !== undefined && loaded > total) throw new FormatError(`expected a file of ${total} bytes, got more (${url})`);
      await unfinished.append(chunk);
      onProgress?.({ file: name, loaded, total });
    }
    if (total !== undefined && unfinished.size < total) throw new Interruption(`the connection ended after ${unfinished.size} of ${total} bytes`);
  } finally {
    silence.end();
  }
}

/** Calls `work` again after each `Interruption`, until `most` attempts in a row have brought nothing. */
export async function persist<T>(work: () => Promise<T>, most: number, { signal }: DownloadOptions, progress: () => number = () => 0): Promise<T> {
  let failures = 0;
  let before = progress();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Interruption)) throw error;
      failures = progress() > before ? 1 : failures + 1;
      before = progress();
      if (failures >= most) throw error;
      await pause(Math.min(patience.longestPause, Math.max(error.after, patience.pause * 2 ** (failures - 1))), signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, fail) => {
    const stop = () => {
      clearTimeout(timer);
      fail(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Ends a request when the caller wants it, or when nothing was heard for too long. */
class Silence {
  private readonly timeout = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  readonly signal: AbortSignal;

  constructor(caller: AbortSignal | undefined) {
    this.signal = caller ? AbortSignal.any([caller, this.timeout.signal]) : this.timeout.signal;
    this.heard();
  }

  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.timeout.abort(new Interruption(`nothing came for ${patience.silence / 1000} s`)), patience.silence);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** The body as it comes. @throws {Interruption} where the connection breaks */
async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const part = await reader?.read().catch((cause) => {
        throw cause instanceof Interruption ? cause : new Interruption(`the connection broke: ${cause?.cause?.message ?? cause?.message}`, 0, { cause });
      });
      if (!part || part.done) return;
      yield part.value;
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

/** First byte of a partial answer. */
function startOf({ headers }: Response): number | undefined {
  const first = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1];
  return first === undefined ? undefined : Number(first);
}

/** Bytes of the body, where the header speaks of the bytes that the program will see: not in a page, which never sees what a body was packed with. */
function sizeOf({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  return length !== null && hasFiles && !headers.has("content-encoding") ? wholeNumber(length, "content-length") : undefined;
}

function checkSize(size: number, { url, limit }: Wanted): void {
  if (size > limit) throw new LimitError(`expected a file of at most ${limit} bytes, found ${size} (${url})`);
}

/** @throws {FormatError | UnsupportedOpError} for a web page or a pickle under the name of something else */
function checkContent(name: string, url: string, chunk: Uint8Array, isPage: boolean): void {
  const head = chunk.subarray(0, pickleHeadBytes);
  if (isPage || (!/\.md$/i.test(name) && /^\s*<(!doctype|html)/i.test(String.fromCharCode(...head))))
    throw new FormatError(`expected ${name}, got a web page; is the address right, and does no login or proxy stand before it? (${url})`);
  refusePickle(name, head, url);
}

/** Why a server refused, with what the user can do. */
function refusal({ status, statusText, headers }: Response, url: string): DataError {
  const code = headers.get("x-error-code");
  const token = env.token ? "the token that was sent may not see it" : "a private one needs a token: HF_TOKEN or env.token";
  const why =
    code === "GatedRepo"
      ? `its terms have to be accepted on the repository's page first; then ${token}`
      : code === "RevisionNotFound"
        ? "the repository has no such revision"
        : code === "RepoNotFound" || status === 401
          ? `there is no such repository, or ${token}`
          : `status ${status} ${statusText}`.trimEnd();
  return new DataError(`cannot download ${url}: ${why}`);
}
