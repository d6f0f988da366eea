import { DataError } from "../core/errors.js";
import { pathOf } from "../core/file-node.js";
import { refusePickle } from "../formats/pickle.js";
import type { Repository } from "./repository.js";

/** A folder as a repository. */
export function folderRepository(path: string | URL): Repository {
  const { readdir, stat } = process.getBuiltinModule("node:fs/promises");
  const { join } = process.getBuiltinModule("node:path");
  const folder = pathOf(path);
  return {
    name: folder,
    async file(name) {
      const file = join(folder, name);
      return (await stat(file).catch(() => undefined))?.isFile() ? file : undefined;
    },
    async withoutAny(names) {
      const found = (await readdir(folder)).sort();
      for (const name of found) refusePickle(join(folder, name));
      return new DataError(`${folder} has none of ${names.join(", ")}: it has ${found.slice(0, 20).join(", ") || "no files"}`);
    },
  };
}
