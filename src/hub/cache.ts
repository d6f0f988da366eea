import { isAllowed } from "../core/environment.js";
import type { FileSource } from "../core/file-store.js";
import { hasFiles } from "../core/source.js";
import type { CachedFile } from "./cached-file.js";

/** What of a file has come so far. */
export interface Unfinished {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Forgets what came. */
  restart(): Promise<void>;
  /** Gives the file its place in the cache, where its content has the expected digest. @returns undefined, with nothing kept, where it has not */
  finish(file: Omit<CachedFile, "size" | "sha256">, sha256: string | undefined): Promise<{ file: CachedFile; source: FileSource } | undefined>;
  /** Gives up, leaving what came for a later download of the same `key` or, where `keep` is false, nothing. */
  release(keep: boolean): Promise<void>;
}

/** Where downloaded files are kept: a folder, or what browsers keep for a page. */
export interface Cache {
  /** For messages. */
  readonly place: string;
  /** What was kept last under a URL. */
  find(url: string): Promise<CachedFile | undefined>;
  /** Keeps what is known of a URL whose content is there already. */
  record(file: CachedFile): Promise<void>;
  /** The content, undefined where it is gone. */
  open(file: CachedFile): Promise<FileSource | undefined>;
  /** URLs that `find` knows. */
  list(): Promise<string[]>;
  /** Begins a file, or goes on with one of the same `key` that was released. */
  begin(key: string): Promise<Unfinished>;
}

export async function openCache(folder: string | undefined): Promise<Cache> {
  if (hasFiles) {
    const { defaultFolder, folderCache } = await import("./cache-node.js");
    const path = folder ?? defaultFolder();
    if (path !== undefined && (folder !== undefined || isAllowed({ name: "write", path }))) return folderCache(path);
  }
  return (await import("./cache-store.js")).browserCache();
}
