import type { Pixels } from "./decode/pixels.js";
import { type ImageToRead, type PreparedImage, type PreparePayload, randomAt } from "./draws.js";
import { toPixels } from "./image.js";
import { ImageEngine } from "./image-engine.js";

export { takeModulesFrom } from "../runtime/modules.js";

/** What the pool's threads do with images. One engine per thread; its memory is as large as the largest image. */

let engine: Promise<ImageEngine> | undefined;

/** The result of a task, how long it took, and what of it goes over to the thread that asked. */
interface Done<T> {
  readonly value: { readonly images: readonly T[]; readonly milliseconds: number };
  readonly transfer: ArrayBuffer[];
}

/** Reads, decodes and transforms images. */
export async function prepare({ images, pipeline, channels, into, build }: PreparePayload): Promise<Done<PreparedImage>> {
  const started = performance.now();
  const running = await (engine ??= ImageEngine.open(build));
  const transfer: ArrayBuffer[] = [];
  const prepared: PreparedImage[] = [];
  const share = into && into.length / images.length;
  for (const [i, { image, name, draws, keep }] of images.entries()) {
    const decoded = await toPixels(image, { name });
    const place = share && into.subarray(i * share, (i + 1) * share);
    const { data, ...size } = running.run(decoded, pipeline, draws && randomAt(draws), { channels, into: place || undefined });
    const pixels = keep ? alone(decoded) : undefined;
    if (pixels) transfer.push(pixels.data.buffer as ArrayBuffer);
    if (data !== place) transfer.push(data.buffer as ArrayBuffer);
    prepared.push({ ...size, data: data === place ? undefined : data, pixels });
  }
  return { value: { images: prepared, milliseconds: performance.now() - started }, transfer };
}

/** Why an image cannot be read, in a form that can be posted, or what was decoded. */
export type Checked = { readonly pixels?: Pixels; readonly error?: { readonly name: string; readonly message: string } };

/** Decodes images, to see whether that works. */
export async function check({ images }: { readonly images: readonly ImageToRead[] }): Promise<Done<Checked>> {
  const started = performance.now();
  const transfer: ArrayBuffer[] = [];
  const checked: Checked[] = [];
  for (const { image, name, keep } of images) {
    try {
      const decoded = await toPixels(image, { name });
      const pixels = keep ? alone(decoded) : undefined;
      if (pixels) transfer.push(pixels.data.buffer as ArrayBuffer);
      checked.push({ pixels });
    } catch (error) {
      const { name, message } = error as Error;
      checked.push({ error: { name, message } });
    }
  }
  return { value: { images: checked, milliseconds: performance.now() - started }, transfer };
}

/** Pixels in a buffer of their own, which can be given away. */
function alone(pixels: Pixels): Pixels {
  const { data } = pixels;
  return data.length < data.buffer.byteLength ? { ...pixels, data: data.slice() } : pixels;
}
