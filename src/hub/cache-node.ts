import { DataError } from "../core/errors.js";
import { isAllowed, variable } from "../core/environment.js";
import { reason, writeFileAtomically } from "../core/file-node.js";
import type { Cache, Unfinished } from "./cache.js";
import { type CachedFile, isCachedFile } from "./cached-file.js";

/** Seconds without a write after which nobody is at work on an unfinished file: more than a download waits for data or between attempts. */
const abandoned = 60;
/** Seconds after which unfinished files that nobody came back for are removed. */
const forgotten = 7 * 24 * 3600;

/**
 * A folder, shared by any number of processes:
 *
 * - `files/<sha256 of the content>/<name>`: whole files, moved there by one rename
 * - `index/<sha256 of the URL>.json`: the `CachedFile` of a URL
 * - `unfinished/<key>.<id>`: what came of a file; a download takes over one that nobody writes by renaming it
 */
export async function folderCache(folder: string): Promise<Cache> {
  const { join } = process.getBuiltinModule("node:path");
  const { mkdir, readdir, readFile, stat } = process.getBuiltinModule("node:fs/promises");
  const folders = { files: join(folder, "files"), index: join(folder, "index"), unfinished: join(folder, "unfinished") };
  const fileOf = ({ sha256, name }: Pick<CachedFile, "sha256" | "name">) => join(folders.files, sha256, name);
  const entryOf = (url: string) => join(folders.index, `${hash(url)}.json`);
  const writing = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((cause) => {
      if (cause instanceof Error && "syscall" in cause)
        throw new DataError(`cannot write to the cache ${folder}: ${reason(cause)}; OCELLI_CACHE or env.cacheDir names another folder`, { cause });
      throw cause;
    });
  const readEntry = async (path: string): Promise<CachedFile | undefined> => {
    try {
      const entry: unknown = JSON.parse(await readFile(path, "utf8"));
      return isCachedFile(entry) ? entry : undefined;
    } catch {
      return undefined; // never written, or by no version of ours
    }
  };
  const record = (file: CachedFile) =>
    writing(async () => {
      await mkdir(folders.index, { recursive: true });
      await writeFileAtomically(entryOf(file.url), [new TextEncoder().encode(JSON.stringify(file))]);
    });
  return {
    place: folder,
    record,
    async find(url) {
      const entry = await readEntry(entryOf(url));
      return entry?.url === url ? entry : undefined;
    },
    async open(file) {
      const path = fileOf(file);
      const found = await stat(path).catch(() => undefined);
      return found?.isFile() && found.size === file.size ? path : undefined;
    },
    async list() {
      const names = await readdir(folders.index).catch(() => []);
      const entries = await Promise.all(names.map((name) => readEntry(join(folders.index, name))));
      return entries.flatMap((entry) => entry?.url ?? []).sort();
    },
    begin: (key) =>
      writing(async () => {
        await mkdir(folders.unfinished, { recursive: true });
        return takeOver(folders.unfinished, hash(key), async (path, { name, ...known }, sha256) => {
          const found = await hashOfFile(path);
          if (sha256 !== undefined && sha256 !== found) return undefined;
          const file = { ...known, name, sha256: found, size: (await stat(path)).size };
          await writing(async () => {
            const { rename } = process.getBuiltinModule("node:fs/promises");
            await mkdir(join(folders.files, found), { recursive: true });
            await rename(path, fileOf(file));
          });
          await record(file);
          return { file, source: fileOf(file) };
        });
      }),
  };
}

type Place = (path: string, ...given: Parameters<Unfinished["finish"]>) => ReturnType<Unfinished["finish"]>;

/** Opens an unfinished file that is this download's alone. */
async function takeOver(folder: string, key: string, place: Place): Promise<Unfinished> {
  const { open, readdir, rename, rm, stat, utimes } = process.getBuiltinModule("node:fs/promises");
  const { join } = process.getBuiltinModule("node:path");
  const path = join(folder, `${key}.${crypto.randomUUID()}`);
  const now = Date.now() / 1000;
  let isTaken = false;
  for (const name of await readdir(folder)) {
    const idle = now - (await stat(join(folder, name)).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs / 1000;
    if (idle > forgotten) await rm(join(folder, name), { force: true });
    else if (!isTaken && idle >= abandoned && name.startsWith(`${key}.`))
      isTaken = await rename(join(folder, name), path).then(
        () => true,
        () => false, // another process was first
      );
  }
  const file = await open(path, "a");
  await file.utimes(now, now);
  let { size } = await file.stat();
  return {
    get size() {
      return size;
    },
    async append(bytes) {
      await file.appendFile(bytes).catch((cause) => {
        throw new DataError(`cannot write ${path}: ${reason(cause)}`, { cause });
      });
      size += bytes.byteLength;
    },
    async restart() {
      await file.truncate(0);
      size = 0;
    },
    async finish(known, sha256) {
      await file.sync();
      await file.close(); // Windows renames no open file
      return place(path, known, sha256);
    },
    async release(keep) {
      await file.close();
      if (keep && size > 0)
        await utimes(path, now, now - abandoned).catch(() => {}); // at once free for the next; gone if it was finished
      else await rm(path, { force: true });
    },
  };
}

/** In the user's cache folder, where it may be known. */
export function defaultFolder(): string | undefined {
  const { join } = process.getBuiltinModule("node:path");
  const { homedir } = process.getBuiltinModule("node:os");
  const folder = variable("XDG_CACHE_HOME") ?? (isAllowed({ name: "sys", kind: "homedir" }) ? join(homedir(), ".cache") : undefined);
  return folder && join(folder, "ocelli");
}

function hash(text: string): string {
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex");
}

async function hashOfFile(path: string): Promise<string> {
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  for await (const chunk of process.getBuiltinModule("node:fs").createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  return hash.digest("hex");
}
