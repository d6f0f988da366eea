import { type FileStore, partsOf } from "../core/file-store.js";
import { stored } from "./browser-error.js";

/** The Cache API as a store of small files, which have to fit in memory: what Deno has where it may write to no folder. */
export function webCache(name: string): FileStore {
  const place = `cache "${name}"`;
  const root = "http://localhost/";
  const urlOf = (file: string) => root + partsOf(file).map(encodeURIComponent).join("/");
  const nameOf = (url: string) => url.slice(root.length).split("/").map(decodeURIComponent).join("/");
  const use = <T>(what: string, work: (cache: Cache) => Promise<T>): Promise<T> => stored(caches.open(name).then(work), `cannot ${what} ${place}`);
  return {
    place,
    async open(file) {
      const url = urlOf(file);
      return use(`open ${file} in`, async (cache) => (await cache.match(url))?.arrayBuffer());
    },
    async write(file, chunks) {
      const url = urlOf(file);
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks) parts.push(new Uint8Array(chunk));
      await use(`write ${file} to`, (cache) => cache.put(url, new Response(new Blob(parts))));
    },
    async list(prefix = "") {
      const requests = await use("list", (cache) => cache.keys());
      return requests
        .map(({ url }) => nameOf(url))
        .filter((file) => file.startsWith(prefix))
        .sort();
    },
    async remove(file) {
      const url = urlOf(file);
      await use(`remove ${file} from`, (cache) => cache.delete(url));
    },
  };
}
