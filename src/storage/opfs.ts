import { piecesOf } from "../core/chunks.js";
import { StorageError } from "../core/errors.js";
import { type FileStore, partsOf } from "../core/file-store.js";
import { uniqueName } from "../core/unique-name.js";
import { stored } from "./browser-error.js";
import { claim, ifAbandoned } from "./claim.js";

/** Bytes of one call to the browser: a model has hundreds of small tensors. */
const pieceBytes = 2 ** 20;

/** What is not in TypeScript's declarations. */
type Movable = FileSystemFileHandle & { move(name: string): Promise<void> };

/**
 * A folder of the origin private file system: files that only pages of this origin see, in the profile of the browser, on its
 * disk. For pages over https and localhost, and their workers.
 *
 * A file is written under a name of its own that nobody lists, and moved to its place when it is whole. What a crashed tab left
 * of one goes with the next store's first write to the same folder.
 *
 * @param folder where in it, default `ocelli`; made by the first write
 */
export function opfs(folder = "ocelli"): FileStore {
  const base = partsOf(folder);
  const place = `OPFS folder "${folder}"`;
  const find = async (parts: readonly string[], create = false): Promise<FileSystemDirectoryHandle> => {
    if (!globalThis.navigator?.storage?.getDirectory)
      throw new StorageError("OPFS: expected navigator.storage.getDirectory, which browsers have in pages over https and on localhost");
    let found = await navigator.storage.getDirectory();
    for (const part of [...base, ...parts]) found = await found.getDirectoryHandle(part, { create });
    return found;
  };
  /** Folders that this store has swept, or is sweeping: once each, because a sweep reads the names of all files. */
  const swept = new Map<string, Promise<void>>();
  const sweepOnce = (path: string, folder: FileSystemDirectoryHandle): Promise<void> => {
    const sweeping = swept.get(path) ?? sweep(folder);
    swept.set(path, sweeping);
    sweeping.catch(() => swept.delete(path));
    return sweeping;
  };
  return {
    place,
    async open(name) {
      const parts = partsOf(name);
      const open = async () => settled(await (await find(parts.slice(0, -1))).getFileHandle(parts.at(-1) as string));
      return stored(orNothing(open()), `cannot open ${name} in ${place}`);
    },
    async write(name, chunks) {
      const parts = partsOf(name);
      const what = `cannot write ${name} to ${place}`;
      const folder = await stored(find(parts.slice(0, -1), true), what);
      await sweepOnce(parts.slice(0, -1).join("/"), folder);
      const temporary = `${uniqueName()}.tmp`;
      const release = await claim(temporary);
      try {
        const file = (await stored(folder.getFileHandle(temporary, { create: true }), what)) as Movable;
        if (!file.createWritable) throw new StorageError(`${what}: this browser writes there from workers only; indexedDb() works`);
        const stream = await stored(file.createWritable(), what);
        try {
          for await (const piece of piecesOf(chunks, pieceBytes)) await stored(stream.write(piece), what);
          await stored(stream.close(), what);
        } catch (error) {
          await stream.abort().catch(() => {}); // closed by the error already
          throw error;
        }
        // Two moves to one name at a time would fail the second.
        const move = () => file.move(parts.at(-1) as string);
        await stored(navigator.locks.request(`ocelli: ${[...base, ...parts].join("/")}`, move), what);
      } catch (error) {
        await folder.removeEntry(temporary).catch(() => {}); // not made yet
        throw error;
      } finally {
        release?.();
      }
    },
    async list(prefix = "") {
      const names: string[] = [];
      const collect = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
        for await (const [name, { kind }] of entriesOf(folder)) {
          if (kind === "file" && !isUnfinished(name)) names.push(path + name);
          else if (kind === "directory") await collect(await folder.getDirectoryHandle(name), `${path}${name}/`);
        }
      };
      const root = await stored(orNothing(find([])), `cannot list ${place}`);
      if (root) await collect(root, "");
      return names.filter((name) => name.startsWith(prefix)).sort();
    },
    async remove(name) {
      const parts = partsOf(name);
      const remove = async () => (await find(parts.slice(0, -1))).removeEntry(parts.at(-1) as string);
      await stored(orNothing(remove()), `cannot remove ${name} from ${place}`);
    },
  };
}

/** A file whose size and time are of the same file: Chromium may take one before and the other after it is replaced, and then reads a part. */
async function settled(handle: FileSystemFileHandle): Promise<File> {
  for (let file = await handle.getFile(); ; ) {
    const again = await handle.getFile();
    if (again.size === file.size && again.lastModified === file.lastModified) return again;
    file = again;
  }
}

const isUnfinished = (name: string) => /\.(tmp|crswap)$/.test(name);

/** Removes what crashed tabs left: files that nobody has claimed, and Chromium's copies of such, which it keeps until they are removed. */
async function sweep(folder: FileSystemDirectoryHandle): Promise<void> {
  const names: string[] = [];
  for await (const [name] of entriesOf(folder)) if (isUnfinished(name)) names.push(name);
  for (const name of names) await ifAbandoned(name.replace(/\.crswap$/, ""), () => folder.removeEntry(name).catch(() => {}));
}

const entriesOf = (folder: FileSystemDirectoryHandle) => folder as unknown as AsyncIterable<[string, FileSystemHandle]>;

/** Undefined where there is no such file or folder. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (["NotFoundError", "TypeMismatchError"].includes((error as DOMException).name)) return undefined;
    throw error;
  }
}
