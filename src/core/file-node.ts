import { DataError } from "./errors.js";
import { type ByteSource, byteSource } from "./byte-source.js";

const LARGEST_READ = 2 ** 30;

/** A file on disk, held open until `close()`. @throws {DataError} when it is not a readable file */
export async function openFile(path: string | URL): Promise<ByteSource> {
  const { open } = process.getBuiltinModule("node:fs/promises");
  const name = path instanceof URL ? process.getBuiltinModule("node:url").fileURLToPath(path) : path;
  const handle = await open(name, "r").catch((cause) => {
    throw new DataError(`cannot open ${name}: ${reason(cause)}`, { cause });
  });
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw new DataError(`cannot open ${name}: expected a file, found ${stats.isDirectory() ? "a folder" : "something else"}`);
  }
  const readPart = async (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, LARGEST_READ), offset + done);
      if (bytesRead === 0) return bytes.slice(0, done);
      done += bytesRead;
    }
    return bytes;
  };
  return byteSource(name, stats.size, readPart, () => handle.close());
}

/** Why the operating system refused, in words. */
export function reason(error: Error & { code?: unknown }): string {
  const known: Record<string, string> = {
    ENOENT: "there is no such file or folder",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of its path is not a folder",
    ENOSPC: "the disk is full",
    EROFS: "the disk is read-only",
    EMFILE: "too many files are open",
  };
  return known[String(error.code)] ?? error.message;
}

let saves = 0;

/**
 * Writes a file so that `path` holds, at any moment and after a kill or a full disk, either the old bytes or all the
 * new ones: temporary file beside it, fsync, rename, fsync of the folder.
 *
 * @throws {DataError} when the file cannot be written; the old one is untouched and the temporary one removed
 */
export async function writeFileAtomically(path: string | URL, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const { open, rename, rm } = process.getBuiltinModule("node:fs/promises");
  const { dirname } = process.getBuiltinModule("node:path");
  const target = path instanceof URL ? process.getBuiltinModule("node:url").fileURLToPath(path) : path;
  const temporary = `${target}.${process.pid}-${saves++}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    if (process.platform === "win32") return; // Windows cannot open a folder, and its rename is journalled.
    const folder = await open(dirname(target), "r");
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof Error && "syscall" in cause) throw new DataError(`cannot write ${target}: ${reason(cause)}`, { cause });
    throw cause;
  }
}

/** Leaves a second name, `<path>.previous`, on the file that `path` names now, if any; the file that had it goes. */
export async function keepPrevious(path: string): Promise<void> {
  const { link, rm } = process.getBuiltinModule("node:fs/promises");
  await rm(`${path}.previous`, { force: true });
  await link(path, `${path}.previous`).catch((cause) => {
    if (cause.code !== "ENOENT") throw new DataError(`cannot keep ${path}.previous: ${reason(cause)}`, { cause });
  });
}
