import { DataError, FormatError } from "../core/errors.js";
import type { FileSource } from "../core/file-store.js";
import { uniqueName } from "../core/unique-name.js";
import { refusePickle } from "../formats/pickle.js";
import type { Cache } from "./cache.js";
import type { CachedFile } from "./cached-file.js";
import { env } from "./env.js";
import { Interruption } from "./request.js";
import { type DownloadOptions, inspect, persist, type Remote, receive, type Wanted } from "./transfer.js";

export interface Downloaded extends CachedFile {
  readonly source: FileSource;
  /** Whether the network was asked and did not answer, so that this is the last copy known. */
  readonly isStale: boolean;
}

/**
 * A file from the cache, or from the network into the cache: resumed where an earlier download broke off, and kept only
 * whole, of the size and the sha256 that the server announced.
 *
 * @returns undefined where the server has no such file
 * @throws {DataError} where it cannot be had, saying why; {FormatError} for other content than announced; {LimitError} for
 * too much of it; {UnsupportedOpError} for a pickle
 */
export async function download(wanted: Wanted, cache: Cache, options: DownloadOptions = {}): Promise<Downloaded | undefined> {
  const { url, name, isFixed = false } = wanted;
  refusePickle(name, undefined, url);
  options.signal?.throwIfAborted();
  const cached = await cache.find(url);
  const source = cached && (wanted.sha256 ?? cached.sha256) === cached.sha256 ? await cache.open(cached) : undefined;
  const fromCache = (isStale: boolean) => (cached && source !== undefined ? { ...cached, source, isStale } : undefined);
  const fail = async (why: string, cause?: unknown) => new DataError(`cannot download ${url}: ${why}; ${await contents(cache)}`, { cause });
  const atOnce = isFixed || !env.allowRemote ? fromCache(false) : undefined;
  if (atOnce) return atOnce;
  if (!env.allowRemote) throw await fail("downloads are off (env.allowRemote, OCELLI_OFFLINE)");

  let remote: Remote | undefined;
  try {
    remote = await persist(() => inspect(wanted, options), source ? 1 : env.attempts, options);
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    const found = fromCache(true);
    if (found) return found;
    throw await fail(error.message, error);
  }
  if (!remote) return undefined;
  const known = { url, name, etag: remote.etag, commit: remote.commit };
  const same = sameContent(cached, remote, known);
  const kept = same && (await cache.open(same));
  if (same && kept) {
    await cache.record(same);
    return { ...same, source: kept, isStale: false };
  }
  return { ...(await fetchWhole(wanted, remote, known, cache, options)), isStale: false };
}

type Known = Omit<CachedFile, "size" | "sha256">;

/** What the cache has under this URL, or under another, if the server still has the same. */
function sameContent(cached: CachedFile | undefined, { sha256, etag, size }: Remote, known: Known): CachedFile | undefined {
  if (sha256) return size === undefined ? undefined : { ...known, sha256, size };
  return cached && etag !== undefined && etag === cached.etag && (size ?? cached.size) === cached.size ? { ...cached, ...known } : undefined;
}

async function fetchWhole(wanted: Wanted, remote: Remote, known: Known, cache: Cache, options: DownloadOptions): Promise<CachedFile & { source: FileSource }> {
  const { url } = wanted;
  // Parts of a file fit together where their key is the same: its digest, or the validator of this URL's content.
  const key = remote.sha256 ?? (remote.etag && `${url}\n${remote.etag}\n${remote.size}`);
  for (;;) {
    const unfinished = await cache.begin(key ?? uniqueName());
    const resumed = unfinished.size;
    let keep = false;
    try {
      await persist(
        () => receive(wanted, remote, unfinished, options),
        env.attempts,
        options,
        () => unfinished.size,
      );
      const done = await unfinished.finish(known, remote.sha256);
      if (done) return { ...done.file, source: done.source };
      if (resumed === 0) throw new FormatError(`expected a file of sha256 ${remote.sha256}, got other content (${url})`);
    } catch (error) {
      const isBroken = error instanceof Interruption;
      keep = key !== undefined && (isBroken || options.signal?.aborted === true);
      if (!isBroken) throw error;
      const hint = keep && unfinished.size > 0 ? `; ${unfinished.size} bytes are kept, and the next attempt goes on from there` : "";
      throw new DataError(`cannot download ${url}: ${error.message}${hint}`, { cause: error });
    } finally {
      await unfinished.release(keep);
    }
  }
}

/** What a cache has, for a message. */
export async function contents(cache: Cache): Promise<string> {
  const urls = await cache.list();
  const shown = urls.slice(0, 10).join(", ");
  const more = urls.length > 10 ? ` and ${urls.length - 10} more` : "";
  return urls.length === 0 ? `the cache is empty (${cache.place})` : `the cache has ${shown}${more} (${cache.place})`;
}
