import { DataError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import type { FileSource } from "../core/file-store.js";
import { refusePickle } from "../formats/pickle.js";
import { openCache } from "./cache.js";
import { contents, download, type Downloaded } from "./download.js";
import { env } from "./env.js";
import { type RepositoryReference, urlOf } from "./reference.js";
import { type DownloadOptions, inspect } from "./transfer.js";

/** Files that belong together: a repository of the hub, or a folder that is laid out like one. */
export interface Repository {
  /** As a user may give it again. */
  readonly name: string;
  /** Commit that the files are of, once one has been read and said so. */
  readonly commit?: string;
  /** Undefined where there is none of this name. */
  file(name: string): Promise<FileSource | undefined>;
  /** What to say where none of the named files is there. */
  withoutAny(names: readonly string[]): Promise<Error>;
}

export interface RepositoryOptions extends DownloadOptions {
  /** Told of each file that was found, downloaded or cached. */
  readonly onFile?: (file: Downloaded) => void;
}

/** Most bytes of a description or a model card. */
const mostText = 16 * 2 ** 20;
/** What PyTorch calls its own files. */
const pickles = ["pytorch_model.bin", "model.pth", "pytorch_model.pth"];

/**
 * A repository of the hub. Its files are of one commit: the one that the first of them came from, where the server says.
 * Where the network does not answer for one, the others come from the cache too.
 */
export async function hubRepository({ repo, revision: asked }: RepositoryReference, options: RepositoryOptions): Promise<Repository> {
  const cache = await openCache(env.cacheDir);
  let commit = isCommit(asked) ? asked : undefined;
  let isOffline = !env.allowRemote;
  const name = `hf-hub:${repo}${asked === "main" ? "" : `@${asked}`}`;
  const wantedOf = (file: string) => {
    const limit = /\.(json|md|txt)$/i.test(file) ? mostText : limits.memoryBytes;
    return { url: urlOf({ repo, revision: commit ?? asked }, file), name: file.slice(file.lastIndexOf("/") + 1), limit, isFixed: commit !== undefined };
  };
  const fromCache = async (url: string): Promise<Downloaded | undefined> => {
    const file = await cache.find(url);
    const source = file && (await cache.open(file));
    return file && source !== undefined ? { ...file, source, isStale: true } : undefined;
  };
  return {
    name,
    get commit() {
      return commit;
    },
    async file(path) {
      const wanted = wantedOf(path);
      const file = isOffline ? await fromCache(wanted.url) : await download(wanted, cache, options);
      if (!file) return undefined;
      isOffline ||= file.isStale;
      if (file.commit && isCommit(file.commit)) commit = file.commit;
      options.onFile?.(file);
      return file.source;
    },
    async withoutAny(names) {
      const list = names.join(", ");
      if (isOffline) {
        const why = env.allowRemote ? "the network does not answer" : "downloads are off (env.allowRemote, OCELLI_OFFLINE)";
        return new DataError(`cannot download ${name} (${list}): ${why}; ${await contents(cache)}`);
      }
      for (const pickle of pickles)
        if (await inspect(wantedOf(pickle), options).catch(() => undefined)) refusePickle(pickle, undefined, `${pickle} of ${name}`);
      return new DataError(`${name} has none of ${list}; the option "file" names another (${urlOf({ repo, revision: asked }, names[0])})`);
    },
  };
}

/** A commit's files never change. */
function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
