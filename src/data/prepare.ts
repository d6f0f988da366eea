import type { Build } from "../core/build.js";
import { host } from "../runtime/host.js";
import { defaultThreads, pool } from "../runtime/pool.js";
import type { Dataset } from "./dataset.js";
import type { Draws, PreparePayload } from "./draws.js";
import { type ImageSource, nameOf, postable } from "./image.js";
import type { ProcessedImage } from "./image-engine.js";
import type { Pipeline } from "./transforms/index.js";

export interface PrepareOptions {
  readonly pipeline: Pipeline;
  /** Of the result: 3 for RGB, 1 for grey. */
  readonly channels: 1 | 3;
  /** For messages; default what the source says of itself. */
  readonly names?: readonly string[];
  /** One per image; needed where the pipeline draws at random. */
  readonly draws?: readonly Draws[];
  /** Kernels that are loaded anyway (default `simd`); the result is the same in every build. */
  readonly build?: Build;
  /** Where the result of each image goes, where it has that many floats; an array of `sharedFloats` saves a copy. */
  readonly into?: (index: number) => Float32Array;
  /** In this thread instead of the pool's. */
  readonly inline?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Reads, decodes and transforms images, in the pool's threads between programs.
 *
 * @returns float32 images in the order of the sources, where the pipeline ends in `Normalize`
 * @throws {FormatError | LimitError | DataError} of the first image that fails, naming it
 */
export async function prepareImages(
  images: readonly ImageSource[],
  { pipeline, channels, names, draws, into, build = "simd", inline = false, signal }: PrepareOptions,
): Promise<(ProcessedImage & { data: Float32Array })[]> {
  const run = await runner(inline, signal);
  return Promise.all(
    images.map(async (image, i) => {
      const place = into?.(i);
      const shared = globalThis.SharedArrayBuffer && place?.buffer instanceof SharedArrayBuffer;
      const reached = inline || shared ? place : undefined;
      const name = names?.[i] ?? nameOf(image);
      const payload: PreparePayload = { image: await postable(image), name, pipeline, channels, draws: draws?.[i], into: reached, build };
      const found = (await run("prepare", payload)) as ProcessedImage & { data: Float32Array };
      if (!(found.data instanceof Float32Array) || found.data.length !== place?.length) return found;
      if (!reached) place.set(found.data);
      return { ...found, data: place };
    }),
  );
}

/** Room for prepared images, which the pool's threads write to themselves where memory can be shared. */
export async function sharedFloats(length: number): Promise<Float32Array> {
  return (await host()).sharedMemory ? new Float32Array(new SharedArrayBuffer(4 * length)) : new Float32Array(length);
}

/** Decodes every image of a data set, and gives those that cannot be. */
export async function unreadable(
  data: Dataset,
  { inline = false, signal, onProgress }: { inline?: boolean; signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<{ index: number; id: string; error: Error }[]> {
  const run = await runner(inline, signal);
  const found: { index: number; id: string; error: Error }[] = [];
  const block = 64;
  for (let start = 0; start < data.length; start += block) {
    await Promise.all(
      Array.from({ length: Math.min(block, data.length - start) }, async (_, i) => {
        const { image, id } = await data.item(start + i);
        await run("check", { image: await postable(image), name: id }).catch((error: Error) => {
          signal?.throwIfAborted();
          found.push({ index: start + i, id, error });
        });
      }),
    );
    onProgress?.(Math.min(start + block, data.length));
  }
  return found.sort((a, b) => a.index - b.index);
}

/** How tasks run here: in the pool, or in this thread. */
async function runner(inline: boolean, signal: AbortSignal | undefined): Promise<(name: "prepare" | "check", payload: object) => Promise<unknown>> {
  const { spawn } = await host();
  if (inline || !spawn) {
    const tasks = await import("./worker-tasks.js");
    return async (name, payload) => {
      signal?.throwIfAborted();
      return (await tasks[name](payload as never)).value;
    };
  }
  const threads = await pool(await defaultThreads());
  return (name, payload) => threads.task(name, payload, { signal });
}
