import { limits } from "../core/limits.js";
import { isEncoded } from "../data/image.js";
import { ImageCache } from "../data/image-cache.js";
import { host } from "../runtime/host.js";
import type { TrainingData } from "./options.js";
import type { Settings } from "./settings.js";

/**
 * Most bytes that a training keeps of decoded images: none where it reads each image only once, or where a data set's first image, and so
 * presumably the others, are pixels already.
 */
export async function cacheLimit({ train, validation }: TrainingData, { phases, badImages }: Settings, limit = limits.imageCacheBytes): Promise<number> {
  const passes = phases.reduce(
    (sum, { train, epochs, regression }) => sum + (train === "head" ? Math.min(epochs, regression?.views ?? 1) : epochs),
    badImages === "skip" ? 1 : 0,
  );
  if (passes < 2) return 0;
  for (const data of [train, validation]) if (data && data.length > 0 && isEncoded((await data.item(0)).image)) return limit;
  return 0;
}

/** A cache of so many bytes, or none. */
export async function openCache(limit: number, { inline }: { readonly inline: boolean }): Promise<ImageCache | undefined> {
  return limit > 0 ? new ImageCache(limit, !inline && (await host()).sharedMemory) : undefined;
}
