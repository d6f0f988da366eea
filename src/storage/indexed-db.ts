import { type ByteSource, byteSource } from "../core/byte-source.js";
import { piecesOf } from "../core/chunks.js";
import { FormatError, StorageError } from "../core/errors.js";
import { type FileStore, partsOf } from "../core/file-store.js";
import { uniqueName } from "../core/unique-name.js";
import { stored } from "./browser-error.js";
import { claim, claimsEnd, ifAbandoned } from "./claim.js";

const pieceBytes = 2 ** 20;
/** Milliseconds after which pieces of an unfinished file are taken for abandoned where no claim says so. */
const abandoned = 24 * 3600 * 1000;

/** What is known of a whole file; `id` is that of its pieces, another for each writing. */
interface Entry {
  readonly id: string;
  readonly size: number;
}

/**
 * Object stores: `files`, name -> `Entry`; `pieces`, [id, number] -> bytes, all of `pieceBytes` but the last; `unfinished`,
 * id -> when its writing began.
 */
const stores = ["files", "pieces", "unfinished"] as const;

/**
 * An IndexedDB database of this origin: for pages without https, and browsers without OPFS.
 *
 * A file's pieces are kept as they come and become a file, instead of the one before, in one transaction. What a crashed tab
 * left of one goes with the next write.
 *
 * @param database its name, default `ocelli`; made when first used
 */
export function indexedDb(database = "ocelli"): FileStore {
  const place = `IndexedDB database "${database}"`;
  let opened: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> => {
    opened ??= openDatabase(database, () => {
      opened = undefined;
    });
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  /** Runs requests in one transaction. */
  const transact = async <T>(mode: "readonly" | "readwrite", requests: (tables: Tables) => T, options?: IDBTransactionOptions): Promise<T> => {
    const transaction = (await open()).transaction(stores, mode, options);
    const result = requests((name) => transaction.objectStore(name));
    await new Promise<void>((done, fail) => {
      transaction.oncomplete = () => done();
      transaction.onabort = () => fail(transaction.error ?? new DOMException("the transaction was aborted", "AbortError"));
    });
    return result;
  };
  const get = async <T>(request: (tables: Tables) => IDBRequest<T>): Promise<T> => (await transact("readonly", request)).result;

  const forget = (id: string) =>
    transact("readwrite", (tables) => {
      tables("pieces").delete(piecesRange(id));
      tables("unfinished").delete(id);
    });
  /** Removes what crashed tabs left. */
  const sweep = async (): Promise<void> => {
    const found = await transact("readonly", (tables) => [tables("unfinished").getAllKeys(), tables("unfinished").getAll()] as const);
    for (const [i, id] of (found[0].result as string[]).entries()) {
      if (claimsEnd) await ifAbandoned(id, () => forget(id));
      else if (Date.now() - found[1].result[i] > abandoned) await forget(id);
    }
  };

  return {
    place,
    async open(name) {
      partsOf(name);
      const entry: Entry | undefined = await stored(
        get((tables) => tables("files").get(name)),
        `cannot open ${name} in ${place}`,
      );
      const pieces = (range: IDBKeyRange) =>
        stored(
          get((tables) => tables("pieces").getAll(range)),
          `cannot read ${name} in ${place}`,
        );
      return entry && sourceOf(name, entry, pieces);
    },
    async write(name, chunks) {
      partsOf(name);
      const what = `cannot write ${name} to ${place}`;
      const id = uniqueName();
      const release = await claim(id);
      try {
        await stored(sweep(), what);
        await stored(
          transact("readwrite", (tables) => tables("unfinished").put(Date.now(), id)),
          what,
        );
        let size = 0;
        for await (const piece of piecesOf(chunks, pieceBytes)) {
          await stored(
            transact("readwrite", (tables) => tables("pieces").put(piece, [id, size / pieceBytes])),
            what,
          );
          size += piece.byteLength;
        }
        const place = (tables: Tables) => {
          const before = tables("files").get(name);
          before.onsuccess = () => before.result && tables("pieces").delete(piecesRange(before.result.id));
          tables("files").put({ id, size } satisfies Entry, name);
          tables("unfinished").delete(id);
        };
        await stored(transact("readwrite", place, { durability: "strict" }), what);
      } catch (error) {
        await forget(id).catch(() => {}); // the next write tries again
        throw error;
      } finally {
        release?.();
      }
    },
    async list(prefix = "") {
      const names = await stored(
        get((tables) => tables("files").getAllKeys()),
        `cannot list ${place}`,
      );
      return (names as string[]).filter((name) => name.startsWith(prefix)).sort();
    },
    async remove(name) {
      partsOf(name);
      const remove = (tables: Tables) => {
        const found = tables("files").get(name);
        found.onsuccess = () => found.result && tables("pieces").delete(piecesRange(found.result.id));
        tables("files").delete(name);
      };
      await stored(transact("readwrite", remove), `cannot remove ${name} from ${place}`);
    },
  };
}

type Tables = (name: (typeof stores)[number]) => IDBObjectStore;

function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    if (!globalThis.indexedDB) throw new StorageError("IndexedDB: expected indexedDB, which browsers have");
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const store of stores) request.result.createObjectStore(store);
    };
    request.onerror = () => fail(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = onClose;
      database.onversionchange = () => {
        database.close(); // somebody deletes it
        onClose();
      };
      done(database);
    };
  });
}

const piecesRange = (id: string, first = 0, last = Number.POSITIVE_INFINITY) => IDBKeyRange.bound([id, first], [id, last]);

function sourceOf(name: string, { id, size }: Entry, pieces: (range: IDBKeyRange) => Promise<Uint8Array[]>): ByteSource {
  return byteSource(name, size, async (offset, length) => {
    const bytes = new Uint8Array(length);
    const last = Math.floor((offset + length - 1) / pieceBytes);
    for (let number = Math.floor(offset / pieceBytes); number <= last; number++) {
      const [piece] = await pieces(piecesRange(id, number, number));
      if (!piece) throw new FormatError(`expected piece ${number} of ${name}, found none: the file changed while it was read`);
      const start = Math.max(offset, number * pieceBytes);
      const end = Math.min(offset + length, (number + 1) * pieceBytes);
      bytes.set(piece.subarray(start - number * pieceBytes, end - number * pieceBytes), start - offset);
    }
    return bytes;
  });
}
