import { type ByteSource, joinSources } from "../core/byte-source.js";
import { StorageError } from "../core/errors.js";
import type { FileStore } from "../core/file-store.js";
import { indexedDb } from "../storage/indexed-db.js";
import { memory } from "../storage/memory.js";
import { opfs } from "../storage/opfs.js";
import { webCache } from "../storage/web-cache.js";
import type { Cache } from "./cache.js";
import { type CachedFile, isCachedFile } from "./cached-file.js";
import { openPieces, readText, takeOver, unlessStorage } from "./pieces.js";
import { Sha256 } from "../core/sha256.js";

/** Folder, database or cache of this name; whoever removes it empties the cache. */
const name = "ocelli-hub";
let opened: Promise<Cache> | undefined;

/** In OPFS, else IndexedDB, else Deno's Cache API; where nothing may be kept in memory, for as long as the page is there. */
export function browserCache(): Promise<Cache> {
  opened ??= firstToKeep([opfs(name), indexedDb(name), webCache(name)]).then((store) => storeCache(store ?? memory()));
  return opened;
}

/** The first store that takes a file, or would if it had room. */
export async function firstToKeep(stores: readonly FileStore[]): Promise<FileStore | undefined> {
  for (const store of stores) {
    try {
      if ((await store.open("layout")) === undefined) await store.write("layout", [text.encode("1")]);
      return store;
    } catch (error) {
      if (error instanceof StorageError && error.isFull) return store;
    }
  }
}

/**
 * A cache in a store, for all tabs of its origin:
 *
 * - `pieces/<id>/<number>`: content, in pieces of 8 MiB and a shorter last one
 * - `unfinished/<sha256 of the key>/<id>`: a file of which all that came is in `pieces`; claimed while a download is at it
 * - `files/<sha256 of the content>`: the id of a whole file
 * - `index/<sha256 of the URL>`: the `CachedFile` of a URL
 *
 * An id begins with the time at which its download began. Where there is no room, files serve from memory.
 */
export function storeCache(store: FileStore): Cache {
  const readEntry = async (name: string): Promise<CachedFile | undefined> => {
    try {
      const entry: unknown = JSON.parse((await readText(store, name)) ?? "");
      return isCachedFile(entry) ? entry : undefined;
    } catch {
      return undefined; // never written, or by no version of ours
    }
  };
  const openFile = async ({ sha256, size, name }: CachedFile): Promise<ByteSource | undefined> => {
    const id = await readText(store, `files/${sha256}`);
    if (id === undefined) return undefined;
    const source = joinSources(name, await openPieces(id, store));
    return source.size === size ? source : undefined;
  };
  const record = (file: CachedFile) => store.write(`index/${hash(file.url)}`, [text.encode(JSON.stringify(file))]);
  return {
    place: store.place,
    record: (file) => record(file).catch(unlessStorage),
    async find(url) {
      const entry = await readEntry(`index/${hash(url)}`);
      return entry?.url === url ? entry : undefined;
    },
    open: openFile,
    async list() {
      const entries = await Promise.all((await store.list("index/")).map(readEntry));
      return entries.flatMap((entry) => entry?.url ?? []).sort();
    },
    async begin(key) {
      const pieces = await takeOver(store, hash(key));
      let isPlaced = false;
      return {
        get size() {
          return pieces.size;
        },
        append: (bytes) => pieces.append(bytes),
        restart: () => pieces.restart(),
        async finish(known, expected) {
          const sha256 = pieces.digest();
          if (expected !== undefined && expected !== sha256) return undefined;
          const file = { ...known, sha256, size: pieces.size };
          const place = async () => {
            await pieces.flush();
            if (pieces.isStored && !(await openFile(file))) {
              await store.write(`files/${sha256}`, [text.encode(pieces.id)]);
              isPlaced = true;
            }
            const source = await openFile(file);
            if (source) await record(file);
            return source;
          };
          return { file, source: (await place().catch(unlessStorage)) ?? (await pieces.inMemory(file.name)) };
        },
        async release(keep) {
          if (keep && !isPlaced && pieces.size > 0) await pieces.flush();
          else await pieces.forget(isPlaced).catch(unlessStorage);
          pieces.release();
        },
      };
    },
  };
}

const text = new TextEncoder();

const hash = (of: string) => new Sha256().update(text.encode(of)).hex();
