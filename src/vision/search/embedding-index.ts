import { unlessAborted } from "../../core/abort.js";
import { ArgumentError, DataError, FormatError, LimitError } from "../../core/errors.js";
import type { FileSource, FileTarget } from "../../core/file-store.js";
import { giveWay } from "../../core/slices.js";
import type { Dataset } from "../../data/dataset.js";
import type { ImageSource, RawImage } from "../../data/image.js";
import type { CallOptions } from "../../model/call-options.js";
import type { Model } from "../../model/model.js";
import { cosine, type Direction, directionOf } from "./cosine.js";
import { type DuplicateGroup, duplicateGroups, type DuplicateOptions } from "./duplicates.js";
import { readIndex, writeIndex } from "./index-file.js";

/** An image under a name of its own. */
export interface IndexItem {
  readonly id: string;
  readonly image: ImageSource;
  /** What tells that the image is still the same, such as the size and time of a file, or a digest. */
  readonly version?: string;
}

/** An image of an index. */
export interface Match {
  readonly id: string;
  /** Cosine of the angle between the embeddings, -1 to 1. */
  readonly similarity: number;
}

export interface SearchOptions extends CallOptions {
  /** How many, best first; default 10, at most all. */
  readonly k?: number;
  /** Smallest similarity, default -1: all. */
  readonly least?: number;
}

export interface AddOptions extends CallOptions {
  /** What to do with images that cannot be read: `error` (default) throws, `skip` leaves them out. */
  readonly badImages?: "error" | "skip";
  /** Told each image that is left out. */
  readonly onBadImage?: (bad: { readonly id: string; readonly error: Error }) => void;
  /** Told the images done so far, and how many there are to embed. */
  readonly onProgress?: (done: number, total: number) => void;
}

interface Entry extends Direction {
  readonly version?: string;
}

/** Models of which embeddings of the probe image are less alike than this are not the same. Builds and half-precision weights stay above .9999. */
const sameModel = 0.999;
const defaultDuplicates = 0.9;

/**
 * Images by their embeddings: exact nearest neighbours by cosine, and pictures that are in it twice. Kept in one safetensors file, and added
 * to later. It remembers the model that it was made with by that model's embedding of a made-up image, and refuses those of another.
 */
export class EmbeddingIndex {
  private readonly entries = new Map<string, Entry>();
  private probe?: Float32Array;

  /** An index of these images, as `addImages`. */
  static async build(model: Model, items: readonly IndexItem[] | Dataset, options?: AddOptions): Promise<EmbeddingIndex> {
    const index = new EmbeddingIndex();
    await index.addImages(model, items, options);
    return index;
  }

  /** @throws {FormatError | LimitError} for a file that is no index, {DataError} for one that cannot be had */
  static async load(source: FileSource, { signal }: CallOptions = {}): Promise<EmbeddingIndex> {
    const { entries, probe } = await unlessAborted(readIndex(source, signal), signal);
    const index = new EmbeddingIndex();
    for (const { id, values, version } of entries) index.add(id, values, version);
    index.probe = probe;
    return index;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Numbers of an embedding; 0 while there is none. */
  get dimensions(): number {
    const [first] = this.entries.values();
    return (first?.values ?? this.probe)?.length ?? 0;
  }

  /** In the order in which they were added first. */
  get ids(): string[] {
    return [...this.entries.keys()];
  }

  /** Whether the image is there, in this version where one is given. */
  has(id: string, version?: string): boolean {
    const entry = this.entries.get(id);
    return entry !== undefined && (version === undefined || entry.version === version);
  }

  /** A copy of an image's embedding. @throws {ArgumentError} for an id that is not there */
  embedding(id: string): Float32Array {
    return this.entry(id).values.slice();
  }

  /** Adds an embedding, or replaces that of the same id. @throws {ArgumentError} for numbers that are not finite, or not as many as the others' */
  add(id: string, embedding: Float32Array, version?: string): void {
    this.checkSize(embedding);
    this.entries.set(id, { ...directionOf(embedding.slice()), version });
  }

  /** @returns whether it was there */
  remove(id: string): boolean {
    return this.entries.delete(id);
  }

  /**
   * Embeds the images that are not there, or only in another version, and adds them.
   *
   * @returns how many were added
   * @throws {ArgumentError} for another model than the one that the index was made with; {FormatError | LimitError | DataError} for an image
   * that cannot be read; what was added before stays
   */
  async addImages(
    model: Model,
    items: readonly IndexItem[] | Dataset,
    { badImages = "error", onBadImage, onProgress, signal }: AddOptions = {},
  ): Promise<number> {
    await this.embedProbe(model, [], signal);
    const missing: IndexItem[] = [];
    for (let i = 0; i < items.length; i++) {
      await giveWay(signal);
      const item: IndexItem = "item" in items ? await items.item(i) : items[i];
      if (!this.has(item.id, item.version)) missing.push(item);
    }
    let [done, added] = [0, 0];
    const attempt = (count: number) => {
      const some = missing.slice(done, done + count);
      const take = (row: Float32Array, _: unknown, i: number) => {
        this.add(some[i].id, row, some[i].version);
        done++;
        added++;
      };
      const told = { signal, onProgress: () => onProgress?.(done, missing.length) };
      return model.computeEach("embedding", { length: some.length, item: (i) => ({ ...some[i], label: 0 }) }, take, told);
    };
    const skip = (error: unknown) => {
      if (badImages !== "skip" || ![FormatError, LimitError, DataError].some((kind) => error instanceof kind)) throw error;
    };
    while (done < missing.length) {
      let isPast = await attempt(missing.length - done).then(() => true, skip);
      while (!isPast && done < missing.length) {
        // One of the next is bad: one by one up to it.
        isPast = await attempt(1).then(
          () => false,
          (error: Error) => {
            skip(error);
            onBadImage?.({ id: missing[done++].id, error });
            return true;
          },
        );
      }
    }
    return added;
  }

  /** The images whose embeddings are most like one, or like that of an image that is there, which is then left out; equal ones in the order of adding. */
  async search(query: Float32Array | { readonly id: string }, { k = 10, least = -1, signal }: SearchOptions = {}): Promise<Match[]> {
    if (!(Number.isInteger(k) && k >= 1)) throw new ArgumentError(`search: k expected a whole number of 1 or more, got ${k}`);
    const [known, wanted] = query instanceof Float32Array ? [undefined, directionOf(query)] : [query.id, this.entry(query.id)];
    this.checkSize(wanted.values);
    const matches: Match[] = [];
    let compared = 0;
    for (const [id, entry] of this.entries) {
      if (++compared % 256 === 0) await giveWay(signal);
      if (id === known) continue;
      const similarity = cosine(wanted, entry);
      if (similarity >= least) matches.push({ id, similarity });
    }
    return matches.sort((a, b) => b.similarity - a.similarity).slice(0, k);
  }

  /** As `search`, for an image. @throws as `addImages` */
  async searchImage(model: Model, image: ImageSource, options: SearchOptions = {}): Promise<Match[]> {
    const [embedding] = await this.embedProbe(model, [image], options.signal);
    return this.search(embedding, options);
  }

  /** Groups of images that show one and the same picture, by the cosine of their embeddings. */
  async duplicates(options: DuplicateOptions = {}): Promise<DuplicateGroup[]> {
    const { threshold = defaultDuplicates } = options;
    if (!(threshold > 0 && threshold <= 1)) throw new ArgumentError(`duplicates: threshold expected a number above 0 and up to 1, got ${threshold}`);
    return duplicateGroups([...this.entries], threshold, options);
  }

  /**
   * Writes one safetensors file.
   *
   * @param target path, or file in a store of `ocelli/storage`; without it the bytes of the file are the result
   * @throws {StorageError} when the file cannot be kept; an older file of that name is then untouched
   */
  save(target: FileTarget, options?: CallOptions): Promise<void>;
  save(target?: undefined, options?: CallOptions): Promise<Uint8Array>;
  async save(target?: FileTarget, { signal }: CallOptions = {}): Promise<Uint8Array | void> {
    const entries = [...this.entries].map(([id, { version, values }]) => ({ id, version, values }));
    return writeIndex({ entries, probe: this.probe }, target, signal);
  }

  private entry(id: string): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new ArgumentError(`embedding index: there is no image "${id}" among the ${this.size}`);
    return entry;
  }

  private checkSize({ length }: Float32Array): void {
    if (this.dimensions > 0 && length !== this.dimensions)
      throw new ArgumentError(`embedding: expected ${this.dimensions} numbers as the others have, got ${length}`);
  }

  /** Embeds images, and makes sure by the way that this is the index' model. */
  private async embedProbe(model: Model, images: readonly ImageSource[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const [probe, ...embeddings] = await model.embed([probeImage, ...images], { signal });
    this.checkSize(probe);
    if (this.probe && cosine(directionOf(probe), directionOf(this.probe)) < sameModel)
      throw new ArgumentError("embedding index: it was made by another model, or by this one before it was trained further; build it anew");
    this.probe ??= probe;
    return embeddings;
  }
}

/** Gradients and edges, so that every part of a network has something to answer to. */
const probeImage: RawImage = {
  width: 64,
  height: 64,
  channels: 3,
  data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % 64, Math.floor(i / 192), i % 3];
    return (4 * x * (channel + 1) + 3 * y + ((x >> 3) ^ (y >> 3) ? 0 : 90) * channel) & 255;
  }),
};
