import { DataError } from "../core/errors.js";
import { reason } from "../core/file-node.js";

/** What lies below `root`: paths relative to it, with `/` between names, in the order of their code units. */
export interface Listing {
  readonly root: string;
  readonly files: string[];
  readonly folders: string[];
}

/**
 * Lists a folder and all below it. Names that begin with a dot and macOS' `__MACOSX` are left out; symbolic links are
 * followed, except to a folder that they lie in.
 * @throws {DataError} naming a folder that cannot be read; the signal's reason when aborted
 */
export async function listFolder(path: string | URL, signal?: AbortSignal): Promise<Listing> {
  const { readdir, realpath, stat } = process.getBuiltinModule("node:fs/promises");
  const root = path instanceof URL ? process.getBuiltinModule("node:url").fileURLToPath(path) : path.replace(/(?<=.)[/\\]+$/, "");
  const files: string[] = [];
  const folders: string[] = [];
  const walk = async (below: string, above: readonly string[]): Promise<void> => {
    signal?.throwIfAborted();
    const folder = below === "" ? root : `${root}/${below}`;
    const refuse = (cause: Error): never => {
      throw new DataError(`cannot read the folder ${folder}: ${reason(cause)}`, { cause });
    };
    const real = await realpath(folder).catch(refuse);
    if (above.includes(real)) return;
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(refuse)) {
      if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
      const child = below === "" ? entry.name : `${below}/${entry.name}`;
      const target = entry.isSymbolicLink() ? await stat(`${root}/${child}`).catch(() => entry) : entry;
      if (!target.isDirectory()) files.push(child);
      else {
        folders.push(child);
        await walk(child, [...above, real]);
      }
    }
  };
  await walk("", []);
  return { root, files: files.sort(), folders: folders.sort() };
}
