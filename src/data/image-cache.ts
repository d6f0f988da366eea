import type { Dataset } from "./dataset.js";
import type { Pixels } from "./decode/pixels.js";

/** Bytes of the first segment; the next ones double, up to the largest: few buffers for many images, little unused for few. */
const firstSegment = 2 ** 22;
const largestSegment = 2 ** 27;

/** Numbers that the table has of an image: segment counted from 1 (0 for none), first byte in it, width, height. */
const fields = 4;

/**
 * Decoded images of some data sets, as RGB bytes in a few large buffers; threads read them without a copy where memory can be
 * shared. Images stay until all of it goes: in training every image is read once an epoch, so whichever are given up for others
 * would be those that are needed next. What does not fit is decoded again. Nothing of this shows in results.
 */
export class ImageCache {
  private readonly segments: Uint8Array[] = [];
  private readonly tables = new Map<Dataset, Uint32Array>();
  /** Bytes of the last segment that are used. */
  private used = 0;
  private allocated = 0;
  private isFull: boolean;

  /**
   * @param limit most bytes of all segments
   * @param shared whether buffers are such that threads share
   */
  constructor(
    private readonly limit: number,
    private readonly shared: boolean,
  ) {
    this.isFull = limit <= 0;
  }

  /** Bytes that are allocated. */
  get bytes(): number {
    return this.allocated;
  }

  /** Whether an image did not fit; no others are taken then. */
  get full(): boolean {
    return this.isFull;
  }

  /** The images of a data set, by position. */
  of(data: Dataset): DecodedImages {
    const table = this.tables.get(data) ?? new Uint32Array(fields * data.length);
    this.tables.set(data, table);
    return new DecodedImages(this, table);
  }

  /** Makes what is kept of `data` known as that of its subset at `indices`, and forgets `data`. */
  narrow(data: Dataset, subset: Dataset, indices: readonly number[]): void {
    const table = this.tables.get(data);
    if (!table) return;
    this.tables.delete(data);
    const narrowed = new Uint32Array(fields * indices.length);
    indices.forEach((index, i) => narrowed.set(table.subarray(fields * index, fields * (index + 1)), fields * i));
    this.tables.set(subset, narrowed);
  }

  /** @internal Use `of`. */
  read(table: Uint32Array, index: number): Pixels | undefined {
    const [segment, at, width, height] = table.subarray(fields * index, fields * (index + 1));
    return segment > 0 ? { data: this.segments[segment - 1].subarray(at, at + 3 * width * height), width, height, channels: 3 } : undefined;
  }

  /** @internal Use `of`. */
  write(table: Uint32Array, index: number, { data, width, height, channels }: Pixels): void {
    if (this.isFull || channels !== 3 || table[fields * index] > 0) return;
    const segment = this.segmentWith(data.length);
    if (!segment) return;
    segment.set(data, this.used);
    table.set([this.segments.length, this.used, width, height], fields * index);
    this.used += data.length;
  }

  /** The last segment, if need be a new one, with room for so many bytes. */
  private segmentWith(bytes: number): Uint8Array | undefined {
    const last = this.segments.at(-1);
    if (last && this.used + bytes <= last.length) return last;
    const left = this.limit - this.allocated;
    const size = Math.min(left, Math.max(bytes, last ? Math.min(2 * last.length, largestSegment) : firstSegment));
    const segment = size < bytes ? undefined : allocate(size, this.shared);
    if (!segment) {
      this.isFull = true;
      return undefined;
    }
    this.segments.push(segment);
    this.allocated += size;
    this.used = 0;
    return segment;
  }
}

/** What an `ImageCache` has of one data set. */
export class DecodedImages {
  /** @internal Use `ImageCache.of`. */
  constructor(
    private readonly cache: ImageCache,
    private readonly table: Uint32Array,
  ) {}

  /** Whether images that are decoded now may be kept. */
  get open(): boolean {
    return !this.cache.full;
  }

  /** The pixels of the image at a position; a view, which must not be written to. */
  get(index: number): Pixels | undefined {
    return this.cache.read(this.table, index);
  }

  /** Keeps a copy, if there is room. */
  keep(index: number, pixels: Pixels): void {
    this.cache.write(this.table, index, pixels);
  }
}

/** `undefined` where the platform has no such piece of memory left. */
function allocate(bytes: number, shared: boolean): Uint8Array | undefined {
  try {
    return new Uint8Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
