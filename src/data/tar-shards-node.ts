import { DataError } from "../core/errors.js";
import { reason } from "../core/file-node.js";

/** `path` itself; for a folder its `*.tar`; for a pattern with `*` or `?` in its last name the files that match; sorted by code unit. */
export async function findArchives(path: string): Promise<string[]> {
  const { readdir, stat } = process.getBuiltinModule("node:fs/promises");
  const { basename, dirname } = process.getBuiltinModule("node:path");
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => undefined,
  );
  const pattern = isFolder ? "*.tar" : basename(path);
  if (isFolder === false || !/[*?]/.test(pattern)) return [path];
  const folder = isFolder ? path.replace(/(?<=.)[/\\]+$/, "") : dirname(path);
  const names = await readdir(folder).catch((cause) => {
    throw new DataError(`cannot read the folder ${folder}: ${reason(cause)}`, { cause });
  });
  const wanted = new RegExp(
    `^(?!\\.)${pattern
      .replace(/[\\^$.+()[\]{}|]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
    "s",
  );
  const found = names.filter((name) => wanted.test(name)).sort();
  if (found.length === 0) throw new DataError(`TarShards: nothing in ${folder} matches ${pattern}`);
  return found.map((name) => `${folder}/${name}`);
}
