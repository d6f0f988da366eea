import { type PreparePayload, randomAt } from "./draws.js";
import { toPixels } from "./image.js";
import { ImageEngine, type ProcessedImage } from "./image-engine.js";

export { takeModulesFrom } from "../runtime/modules.js";

/** What the pool's threads do with images. One engine per thread; its memory is as large as the largest image. */

let engine: Promise<ImageEngine> | undefined;

/** Reads, decodes and transforms one image. */
export async function prepare({
  image,
  name,
  pipeline,
  channels,
  draws,
  into,
  build,
}: PreparePayload): Promise<{ value: ProcessedImage; transfer: ArrayBuffer[] }> {
  engine ??= ImageEngine.open(build);
  const pixels = await toPixels(image, { name });
  const value = (await engine).run(pixels, pipeline, draws && randomAt(draws), { channels, into });
  return { value, transfer: value.data === into ? [] : [value.data.buffer as ArrayBuffer] };
}

/** Decodes one image, to see whether that works. */
export async function check({ image, name }: Pick<PreparePayload, "image" | "name">): Promise<{ value: { width: number; height: number } }> {
  const { width, height } = await toPixels(image, { name });
  return { value: { width, height } };
}
