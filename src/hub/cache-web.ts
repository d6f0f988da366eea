import { DataError } from "../core/errors.js";
import { sha256 } from "../formats/safetensors/sha256.js";
import type { CachedFile, Cache as FileCache } from "./cache.js";

/** The browser's cache of this name; `caches.delete("ocelli")` empties it. */
const cacheName = "ocelli";
/** Header of a kept response: the `CachedFile` as JSON. */
const factsHeader = "x-ocelli-file";
/** What came of broken downloads, for the next attempt of this page. */
const released = new Map<string, Blob>();

/** Throws where a page is forbidden storage, and in workerd where a cache is there in name only. */
async function openCache(storage: CacheStorage | undefined): Promise<Cache | undefined> {
  const cache = await storage?.open(cacheName);
  await cache?.match("http://localhost/");
  return cache;
}

/**
 * A browser's Cache API, one response a URL. Where there is none (pages without https) nothing is kept, and where it is
 * full the file is used all the same.
 */
export async function webCache(storage: CacheStorage | undefined): Promise<FileCache> {
  const cache = await openCache(storage).catch(() => undefined);
  const find = async (url: string) => {
    const facts = (await cache?.match(url))?.headers.get(factsHeader);
    return facts ? (JSON.parse(decodeURIComponent(facts)) as CachedFile) : undefined;
  };
  const put = async (file: CachedFile, content: Blob) => {
    const headers = { [factsHeader]: encodeURIComponent(JSON.stringify(file)) };
    await cache?.put(file.url, new Response(content, { headers })).catch(() => {}); // over the page's quota
  };
  const open = async ({ url, size }: CachedFile) => {
    const content = await (await cache?.match(url))?.blob();
    return content?.size === size ? content : undefined;
  };
  return {
    place: `this browser's cache "${cacheName}"`,
    find,
    open,
    async record(file) {
      const content = await open(file);
      if (content) await put(file, content);
    },
    async list() {
      return (await cache?.keys())?.map(({ url }) => url).sort() ?? [];
    },
    async begin(key) {
      let content = released.get(key) ?? new Blob();
      let chunks: Uint8Array<ArrayBuffer>[] = [];
      let size = content.size;
      released.delete(key);
      const whole = () => {
        content = new Blob([content, ...chunks]);
        chunks = [];
        return content;
      };
      return {
        get size() {
          return size;
        },
        async append(bytes) {
          chunks.push(new Uint8Array(bytes));
          size += bytes.byteLength;
        },
        async restart() {
          content = new Blob();
          chunks = [];
          size = 0;
        },
        async finish({ name, ...known }, expected) {
          const bytes = await whole()
            .arrayBuffer()
            .catch((cause) => {
              throw new DataError(`cannot keep ${known.url}: ${cause.message}`, { cause });
            });
          const found = globalThis.crypto?.subtle ? await sha256(new Uint8Array(bytes)) : undefined;
          if (expected !== undefined && found !== undefined && found !== expected) return undefined;
          const file = { ...known, name, size, sha256: found ?? "" };
          await put(file, content);
          return { file, source: new File([content], name) };
        },
        async release(keep) {
          if (keep && size > 0) released.set(key, whole());
        },
      };
    },
  };
}
