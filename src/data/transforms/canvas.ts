import { LimitError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import type { Kernels } from "../../runtime/instance.js";
import { type createMemory, growMemory } from "../../runtime/memory.js";

/** The memory of an image engine. */
export type Memory = ReturnType<typeof createMemory>;

/**
 * An image in an engine's memory. As `uint8` a pixel is 4 bytes (R, G, B and one that counts for nothing; gray: three times the same) and
 * rows start every `stride` bytes, so a crop is a view. As `float32` it is `[height, width, channels]` without gaps.
 */
export interface Raster {
  readonly at: number;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly channels: 1 | 3;
  readonly dtype: "uint8" | "float32";
}

/** Bytes readable after every part: vector loads pass the end of an image. */
const slack = 64;
const aligned = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

/** Kernels on a memory whose parts are handed out one after another and all taken back at once. */
export class Canvas {
  private top: number;

  /** @param base first byte that the kernels' static data does not use */
  constructor(
    public kernels: Kernels,
    private readonly memory: Memory,
    private readonly base: number,
  ) {
    this.top = base;
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer as ArrayBuffer;
  }

  /** Takes every part back. */
  reset(): void {
    this.top = this.base;
  }

  /** Address of a new part, 64-byte aligned. @throws {LimitError} when the memory cannot grow to hold it */
  allocate(bytes: number): number {
    const at = this.top;
    const end = at + aligned(bytes, 64) + slack;
    if (end > limits.memoryBytes) throw new LimitError(`image engine: needs ${end} bytes, limits.memoryBytes is ${limits.memoryBytes}`);
    try {
      growMemory(this.memory, end);
    } catch (cause) {
      throw new LimitError(`image engine: the memory cannot grow to ${end} bytes`, { cause });
    }
    this.top = end;
    return at;
  }

  /** Call before tables are made for a new size. @throws {LimitError} above `limits.imagePixels` */
  checkSize(width: number, height: number): void {
    if (width * height > limits.imagePixels) throw new LimitError(`image engine: ${width}x${height} pixels, limits.imagePixels is ${limits.imagePixels}`);
  }

  /** A new uint8 image without content. @throws {LimitError} above `limits.imagePixels` */
  raster(width: number, height: number, channels: 1 | 3): Raster {
    this.checkSize(width, height);
    const stride = aligned(width * 4, 16);
    return { at: this.allocate(stride * height), width, height, stride, channels, dtype: "uint8" };
  }

  /** Copies a table into the memory and gives its address. */
  place(table: Int32Array | Float32Array | Uint8Array): number {
    const at = this.allocate(table.byteLength);
    new Uint8Array(this.buffer, at, table.byteLength).set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength));
    return at;
  }
}
