import type { Build } from "../core/build.js";
import { ArgumentError } from "../core/errors.js";
import { host } from "../runtime/host.js";
import { defaultThreads, pool, revive } from "../runtime/pool.js";
import { type Dataset, itemsAt } from "./dataset.js";
import type { Draws, ImageToRead, PreparedImage, PreparePayload } from "./draws.js";
import { type ImageSource, isEncoded, isShared, nameOf, postable } from "./image.js";
import type { DecodedImages } from "./image-cache.js";
import type { ProcessedImage } from "./image-engine.js";
import type { Pipeline } from "./transforms/index.js";
import type { Checked } from "./worker-tasks.js";

export interface PrepareOptions {
  readonly pipeline: Pipeline;
  /** Of the result: 3 for RGB, 1 for grey. */
  readonly channels: 1 | 3;
  /** For messages; default what the source says of itself. */
  readonly names?: readonly string[];
  /** What a pipeline of the caller's has to give. */
  readonly imageSize?: readonly [height: number, width: number];
  /** One per image; needed where the pipeline draws at random. */
  readonly draws?: readonly Draws[];
  /** Kernels that are loaded anyway (default `simd`); the result is the same in every build. */
  readonly build?: Build;
  /** Where the results go, one after another and all of one size; an array of `sharedFloats` saves a copy. */
  readonly into?: Float32Array;
  /** Where decoded images are looked for and kept, and the position there of each image. */
  readonly decoded?: { readonly images: DecodedImages; readonly positions: ArrayLike<number> };
  /** In this thread instead of the pool's. */
  readonly inline?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Reads, decodes and transforms images, in the pool's threads between programs.
 *
 * @returns float32 images in the order of the sources, where the pipeline ends in `Normalize`
 * @throws {FormatError | LimitError | DataError} of the first image that fails, naming it; {ArgumentError} where a result is not of `imageSize`
 */
export async function prepareImages(
  images: readonly ImageSource[],
  { pipeline, channels, names, imageSize, draws, into, decoded, build = "simd", inline = false, signal }: PrepareOptions,
): Promise<(ProcessedImage & { data: Float32Array })[]> {
  const runner = await findRunner(inline, signal);
  const share = into ? into.length / images.length : 0;
  const reached = into && (runner.threads === 0 || isShared(into.buffer)) ? into : undefined;
  const prepare = async (begin: number, end: number) => {
    const list: ImageToRead[] = [];
    for (let i = begin; i < end; i++) {
      const pixels = decoded?.images.get(decoded.positions[i]);
      const keep = decoded?.images.open && !pixels && isEncoded(images[i]);
      list.push({ image: pixels ?? (await postable(images[i])), name: names?.[i] ?? nameOf(images[i]), draws: draws?.[i], keep });
    }
    const payload: PreparePayload = { images: list, pipeline, channels, build, into: reached?.subarray(begin * share, end * share) };
    const prepared = await runner.run<PreparedImage>("prepare", payload);
    return prepared.map(({ pixels, data, ...size }, i) => {
      if (pixels) decoded?.images.keep(decoded.positions[begin + i], pixels);
      const place = into?.subarray((begin + i) * share, (begin + i + 1) * share) as Float32Array;
      if (data === undefined) return { ...size, data: place };
      if (!(data instanceof Float32Array) || data.length !== place?.length) return { ...size, data: data as Float32Array };
      place.set(data);
      return { ...size, data: place };
    });
  };
  const prepared = (await runner.divide(images.length, prepare)).flat();
  if (imageSize) checkPrepared(prepared, imageSize, (i) => names?.[i] ?? nameOf(images[i]));
  return prepared;
}

/** Room for prepared images, which the pool's threads write to themselves where memory can be shared. */
export async function sharedFloats(length: number): Promise<Float32Array> {
  return (await host()).sharedMemory ? new Float32Array(new SharedArrayBuffer(4 * length)) : new Float32Array(length);
}

/** Decodes every image of a data set, and gives those that cannot be. */
export async function unreadable(
  data: Dataset,
  {
    inline = false,
    signal,
    onProgress,
    decoded,
  }: {
    inline?: boolean;
    signal?: AbortSignal;
    onProgress?: (done: number) => void;
    /** @internal Keeps what was decoded. */
    decoded?: DecodedImages;
  } = {},
): Promise<{ index: number; id: string; error: Error }[]> {
  const runner = await findRunner(inline, signal);
  const found: { index: number; id: string; error: Error }[] = [];
  const check = async (begin: number, end: number) => {
    const items = await itemsAt(
      data,
      Array.from({ length: end - begin }, (_, i) => begin + i),
      signal,
    );
    const images: ImageToRead[] = [];
    for (const { image, id } of items) images.push({ image: await postable(image), name: id, keep: decoded?.open && isEncoded(image) });
    const checked = await runner.run<Checked>("check", { images });
    checked.forEach(({ pixels, error }, i) => {
      if (pixels) decoded?.keep(begin + i, pixels);
      if (error) found.push({ index: begin + i, id: items[i].id, error: revive(error) });
    });
  };
  const block = 64;
  for (let start = 0; start < data.length; start += block) {
    const count = Math.min(block, data.length - start);
    await runner.divide(count, (begin, end) => check(start + begin, start + end));
    onProgress?.(start + count);
  }
  return found.sort((a, b) => a.index - b.index);
}

/** How tasks run here: in the pool, or in this thread. */
interface Runner {
  /** 0 for this thread. */
  readonly threads: number;
  run<T>(name: "prepare" | "check", payload: object): Promise<readonly T[]>;
  /** Cuts `count` images into parts, each for one task, and gives their results in order. */
  divide<T>(count: number, part: (begin: number, end: number) => Promise<T>): Promise<T[]>;
}

/** Time that a task should take: long beside the message that it costs, short beside a training step, which waits for its end. */
const taskMilliseconds = 2;
/** What an image cost in the last tasks, in a thread. */
let imageMilliseconds = taskMilliseconds;

async function findRunner(inline: boolean, signal: AbortSignal | undefined): Promise<Runner> {
  const { spawn } = await host();
  const threads = inline || !spawn ? undefined : await pool(await defaultThreads());
  const tasks = threads ? undefined : await import("./worker-tasks.js");
  type Done = { readonly images: readonly unknown[]; readonly milliseconds: number };
  return {
    threads: threads?.threads ?? 0,
    async run<T>(name: "prepare" | "check", payload: object) {
      signal?.throwIfAborted();
      const { images, milliseconds } = threads ? await threads.task<Done>(name, payload, { signal }) : ((await tasks?.[name](payload as never))?.value as Done);
      imageMilliseconds += (milliseconds / images.length - imageMilliseconds) / 8;
      return images as readonly T[];
    },
    divide(count, part) {
      const most = Math.ceil(count / Math.max(1, threads?.threads ?? 1));
      const size = threads ? Math.min(most, Math.max(1, Math.round(taskMilliseconds / imageMilliseconds))) : 1;
      return Promise.all(Array.from({ length: Math.ceil(count / size) }, (_, i) => part(i * size, Math.min((i + 1) * size, count))));
    },
  };
}

function checkPrepared(images: readonly ProcessedImage[], [height, width]: readonly [height: number, width: number], name: (i: number) => string): void {
  images.forEach((image, i) => {
    if (image.height === height && image.width === width && image.data instanceof Float32Array) return;
    const kind = image.data instanceof Float32Array ? "normalised" : "not normalised";
    throw new ArgumentError(
      `transforms: expected normalised images of ${height}x${width} pixels, got ${image.height}x${image.width} pixels, ${kind} (${name(i)})`,
    );
  });
}
