import type { Pixels } from "./decode/pixels.js";
import { type ImageToRead, type PreparedImage, type PreparePayload, randomAt } from "./draws.js";
import { toPixels } from "./image.js";
import { ImageEngine } from "./image-engine.js";

export { takeModulesFrom } from "../runtime/modules.js";

/** What the pool's threads do with images. One engine per thread; its memory is as large as the largest image. */

let engine: Promise<ImageEngine> | undefined;

/** The results of a task, how long it took, and what of them goes over to the thread that asked. */
interface Done<T> {
  readonly value: { readonly images: readonly T[]; readonly milliseconds: number };
  readonly transfer: ArrayBuffer[];
}

/** Decodes images one after another and does something with each. The decoded pixels go along where they are to be kept. */
async function over<T extends object>(
  images: readonly ImageToRead[],
  work: (image: ImageToRead, pixels: () => Promise<Pixels>, index: number) => Promise<T & { data?: ArrayBufferView }>,
): Promise<Done<T & { pixels?: Pixels }>> {
  const started = performance.now();
  const transfer: ArrayBuffer[] = [];
  const done: (T & { pixels?: Pixels })[] = [];
  for (const [i, image] of images.entries()) {
    let pixels: Pixels | undefined;
    const result = await work(image, async () => (pixels = await toPixels(image.image, image)), i);
    pixels = image.keep && pixels ? { ...pixels, data: alone(pixels.data) } : undefined;
    for (const { data } of [result, pixels ?? {}]) if (data) transfer.push(data.buffer as ArrayBuffer);
    done.push({ ...result, pixels });
  }
  return { value: { images: done, milliseconds: performance.now() - started }, transfer };
}

/** Reads, decodes and transforms images. */
export async function prepare({ images, pipeline, channels, into, build }: PreparePayload): Promise<Done<PreparedImage>> {
  const running = await (engine ??= ImageEngine.open(build));
  await running.load(pipeline);
  const share = into && into.length / images.length;
  return over<PreparedImage>(images, async ({ draws }, pixels, i) => {
    const place = share ? into.subarray(i * share, (i + 1) * share) : undefined;
    const { data, ...size } = running.run(await pixels(), pipeline, draws && randomAt(draws), { channels, into: place });
    return { ...size, data: data === place ? undefined : data };
  });
}

/** Why an image cannot be read, in a form that can be posted, or what was decoded. */
export interface Checked {
  readonly pixels?: Pixels;
  readonly error?: { readonly name: string; readonly message: string };
}

/** Decodes images, to see whether that works. */
export function check({ images }: { readonly images: readonly ImageToRead[] }): Promise<Done<Checked>> {
  return over<Checked>(images, (_, pixels) =>
    pixels().then(
      () => ({}),
      ({ name, message }: Error) => ({ error: { name, message } }),
    ),
  );
}

/** Bytes in a buffer of their own, which can be given away. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.length < bytes.buffer.byteLength ? bytes.slice() : bytes;
}
