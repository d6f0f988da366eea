import type { ByteSource } from "./byte-source.js";
import { type Chunks, chunksOf } from "./chunks.js";
import { ArgumentError } from "./errors.js";
import { hasFiles, openSource, type SourceLike } from "./source.js";

/** Where files can be read. An adapter for another service is an object with these members. */
export interface ReadableStore {
  /** What the store is, for messages: `OPFS folder "photos"`. */
  readonly place: string;
  /** A file, as anything that can be read in parts: a path, URL, Blob, bytes or a `ByteSource`. Undefined where there is none of this name. */
  open(name: string): Promise<SourceLike | ByteSource | undefined>;
}

/** Where files can be written. */
export interface WritableStore {
  readonly place: string;
  /**
   * Keeps a file whole or not at all: until its last chunk is kept, and where anything fails on the way, the name has what it
   * had before. An error of `chunks` is thrown as it is.
   *
   * @throws {StorageError} where it cannot be kept; `isFull` where for want of room
   */
  write(name: string, chunks: Chunks): Promise<void>;
  /** Looks, before long work, whether `write` can keep such a file; writes nothing. @throws {StorageError} where it cannot */
  check?(name: string): Promise<void>;
  /** Keeps what `from` has as `to` too, by less than reading and writing it. @returns false where there is no `from` */
  copy?(from: string, to: string): Promise<boolean>;
}

/** Where files are kept. Names are paths of one or more parts joined by `/`. */
export interface FileStore extends ReadableStore, WritableStore {
  /** Names of the files whose name begins so, in alphabetical order. */
  list(prefix?: string): Promise<string[]>;
  /** Nothing happens where there is no such file. */
  remove(name: string): Promise<void>;
}

/** A file by its name in a store. */
export interface StoredFile<Store extends ReadableStore | WritableStore> {
  readonly store: Store;
  readonly name: string;
}

/** A file to be read: path, URL, Blob, bytes, a file in a store, or an open source. */
export type FileSource = SourceLike | StoredFile<ReadableStore> | ByteSource;

/** A file to be written: a path where there are files, or a file in a store. */
export type FileTarget<Store extends WritableStore = WritableStore> = string | URL | StoredFile<Store>;

/** @throws {ArgumentError} for a path where there are none */
export async function storedFile<Store extends WritableStore>(target: FileTarget<Store>): Promise<StoredFile<Store | (ReadableStore & WritableStore)>> {
  if (typeof target === "object" && "store" in target) return target;
  if (!hasFiles)
    throw new ArgumentError(
      `cannot write ${target}: there are no paths here; name a store, such as { store: opfs(), name: ${JSON.stringify(String(target))} }`,
    );
  const { disk, pathOf } = await import("./file-node.js");
  return { store: disk, name: pathOf(target) };
}

/** @throws {StorageError} where it cannot be kept; what was there is untouched */
export async function writeFile(target: FileTarget, chunks: Chunks): Promise<void> {
  const { store, name } = await storedFile(target);
  await store.write(name, chunks);
}

/** Looks whether `writeFile` can keep this, as far as its store can tell beforehand. @throws {StorageError} where it cannot */
export async function checkWritable(target: FileTarget): Promise<void> {
  const { store, name } = await storedFile(target);
  await store.check?.(name);
}

/** Keeps the file that is there, if any, under `<name>.previous`. */
export async function keepPrevious({ store, name }: StoredFile<ReadableStore & WritableStore>): Promise<void> {
  const previous = `${name}.previous`;
  if (store.copy) {
    await store.copy(name, previous);
    return;
  }
  const found = await store.open(name);
  if (found === undefined) return;
  const source = await openSource(found);
  await store.write(previous, chunksOf(source)).finally(() => source.close());
}

const longestPart = 200;
/** What Windows keeps in no name, and what is no text. */
const forbidden = /[\p{Control}\p{Surrogate}\\:*?"<>|]|[. ]$/u;

/**
 * The parts of a name in a store.
 *
 * @throws {ArgumentError} for names that some place could not keep, or would take for those of another file
 */
export function partsOf(name: string): string[] {
  const parts = String(name).split("/");
  for (const part of parts) {
    const wrong =
      part === ""
        ? "a part is empty"
        : new TextEncoder().encode(part).length > longestPart
          ? `a part is longer than ${longestPart} bytes`
          : forbidden.test(part)
            ? 'a part has a control character or one of \\ : * ? " < > |, or ends with a dot or a space'
            : /\.(tmp|crswap)$/i.test(part)
              ? "this ending is that of unfinished files"
              : undefined;
    if (wrong) throw new ArgumentError(`storage: ${JSON.stringify(name.slice(0, 100))} is no name of a file: ${wrong}`);
  }
  return parts;
}
