import { type ByteSource, joinSources, openBytes } from "../core/byte-source.js";
import { chunksOf } from "../core/chunks.js";
import { StorageError } from "../core/errors.js";
import type { FileStore } from "../core/file-store.js";
import { openSource } from "../core/source.js";
import { uniqueName } from "../core/unique-name.js";
import { claim } from "../storage/claim.js";
import { memory } from "../storage/memory.js";
import { Sha256 } from "../core/sha256.js";

/** Of a piece: what a tab that is killed loses at most. */
const pieceBytes = 2 ** 23;
/** Milliseconds after which unfinished files that nobody came back for are removed. */
const forgotten = 7 * 24 * 3600 * 1000;

/** What came of a file, as pieces in a store, or in memory from the first on that it has no room for. */
export class Pieces {
  size = 0;
  /** Whether all of them that are whole are in the store. */
  isStored = true;
  private count = 0;
  private readonly spare = memory();
  private hash = new Sha256();
  /** What came of the next piece. */
  private tail: Uint8Array[] = [];
  private tailBytes = 0;

  constructor(
    private readonly store: FileStore,
    private readonly entry: string,
    readonly id: string,
    /** Gives the claim of the id back. */
    readonly release: () => void,
  ) {}

  /** Goes on with what an earlier download has kept. */
  async resume(): Promise<void> {
    for (const piece of await openPieces(this.id, this.store)) {
      const isWhole = piece.size === pieceBytes;
      for await (const chunk of chunksOf(piece, 2 ** 20)) {
        if (!isWhole) await this.append(chunk);
        else this.hash.update(chunk);
      }
      if (!isWhole) return;
      this.count++;
      this.size += pieceBytes;
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    this.size += bytes.byteLength;
    for (let at = 0; at < bytes.byteLength; ) {
      const part = bytes.slice(at, at + pieceBytes - this.tailBytes);
      this.tail.push(part);
      this.tailBytes += part.byteLength;
      at += part.byteLength;
      if (this.tailBytes === pieceBytes) await this.flush();
    }
  }

  /** Keeps the piece that came last, be it whole or not. */
  async flush(): Promise<void> {
    if (this.tailBytes === 0) return;
    const name = nameOf(this.id, this.count);
    try {
      if (this.count === 0) await this.store.write(this.entry, []);
      if (this.isStored) await this.store.write(name, this.tail);
    } catch (error) {
      unlessStorage(error);
      this.isStored = false;
    }
    if (!this.isStored) await this.spare.write(name, this.tail);
    this.count++;
    this.tail = [];
    this.tailBytes = 0;
  }

  /** Cannot be appended to afterwards. */
  digest(): string {
    return this.hash.hex();
  }

  async restart(): Promise<void> {
    await this.forget(false);
    this.hash = new Sha256();
    this.tail = [];
    this.size = this.count = this.tailBytes = 0;
  }

  /** Removes the entry and, unless they have become a file, the pieces. */
  async forget(isPlaced: boolean): Promise<void> {
    const { store, entry, id } = this;
    for (const name of isPlaced ? [] : await store.list(`pieces/${id}/`)) await store.remove(name);
    await store.remove(entry);
  }

  /** The flushed pieces, read into memory. */
  async inMemory(name: string): Promise<ByteSource> {
    const parts = await openPieces(this.id, this.spare, this.store);
    return joinSources(name, await Promise.all(parts.map(async (part) => openBytes(await part.read(0, part.size)))));
  }
}

/** Begins a file, or goes on with one of the same key that no tab is at. Those that are long forgotten go. */
export async function takeOver(store: FileStore, key: string): Promise<Pieces> {
  let taken: Pieces | undefined;
  for (const entry of await store.list("unfinished/")) {
    const [, itsKey, id] = entry.split("/");
    const isForgotten = Date.now() - Number.parseInt(id, 36) > forgotten;
    const isWanted = !taken && !isForgotten && itsKey === key;
    const release = isForgotten || isWanted ? await claim(id) : undefined;
    if (!release) continue;
    const pieces = new Pieces(store, entry, id, release);
    const isFile = await becameFile(store, id); // of a tab that ended before it removed the entry
    if (isWanted && !isFile) {
      await pieces.resume().catch(() => pieces.restart());
      taken = pieces;
    } else await pieces.forget(isFile).finally(release);
  }
  if (taken) return taken;
  const id = `${Date.now().toString(36)}-${uniqueName()}`;
  return new Pieces(store, `unfinished/${key}/${id}`, id, (await claim(id)) ?? (() => {}));
}

async function becameFile(store: FileStore, id: string): Promise<boolean> {
  for (const name of await store.list("files/")) if ((await readText(store, name)) === id) return true;
  return false;
}

/** The pieces of an id, of which each is in one of the stores, up to the first that is in none. */
export async function openPieces(id: string, ...stores: readonly FileStore[]): Promise<ByteSource[]> {
  const found: ByteSource[] = [];
  for (;;) {
    const name = nameOf(id, found.length);
    let piece: Awaited<ReturnType<FileStore["open"]>>;
    for (const store of stores) piece ??= await store.open(name);
    if (piece === undefined) return found;
    found.push(await openSource(piece));
  }
}

export async function readText(store: FileStore, name: string): Promise<string | undefined> {
  const found = await store.open(name);
  if (found === undefined) return undefined;
  const source = await openSource(found);
  return new TextDecoder().decode(await source.read(0, source.size).finally(() => source.close()));
}

const nameOf = (id: string, number: number) => `pieces/${id}/${number}`;

/** Whoever has no room for a file can use it all the same. @throws any other error */
export function unlessStorage(error: unknown): undefined {
  if (!(error instanceof StorageError)) throw error;
}
