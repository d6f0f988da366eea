import { disk, pathOf, storageError } from "../core/file-node.js";
import { type FileStore, partsOf } from "../core/file-store.js";

/**
 * A folder of the file system and those in it, in Node, Deno and Bun. A file is written beside its place, synced and renamed:
 * a kill, a full disk or a power cut leaves the old one or the new one. Folders are made as names ask for them.
 */
export function files(folder: string | URL): FileStore {
  const { dirname, join, sep } = process.getBuiltinModule("node:path");
  const { mkdir, readdir } = process.getBuiltinModule("node:fs/promises");
  const root = pathOf(folder);
  const place = `the folder ${root}`;
  const pathTo = (name: string) => join(root, ...partsOf(name));
  const makeFolder = (path: string) =>
    mkdir(dirname(path), { recursive: true }).catch((cause) => {
      throw storageError(cause, `cannot write ${path}`);
    });
  return {
    place,
    open: async (name) => disk.open(pathTo(name)),
    async write(name, chunks) {
      const path = pathTo(name);
      await makeFolder(path);
      await disk.write(path, chunks);
    },
    async copy(from, to) {
      const [source, target] = [pathTo(from), pathTo(to)];
      if ((await disk.open(source)) === undefined) return false;
      await makeFolder(target);
      return disk.copy(source, target);
    },
    async list(prefix = "") {
      const found = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause) => {
        if (cause.code === "ENOENT") return [];
        throw storageError(cause, `cannot list ${place}`);
      });
      const names = found.filter((entry) => entry.isFile() && !entry.name.endsWith(".tmp")).map((entry) => join(entry.parentPath, entry.name));
      return names
        .map((path) => path.slice(join(root, sep).length).split(sep).join("/"))
        .filter((name) => name.startsWith(prefix))
        .sort();
    },
    remove: async (name) => disk.remove(pathTo(name)),
  };
}
