import type { Dataset } from "../data/dataset.js";
import type { ImageCache } from "../data/image-cache.js";
import { unreadable } from "../data/prepare.js";

interface Options {
  readonly inline: boolean;
  /** Where decoded images are kept. */
  readonly cache?: ImageCache;
  readonly signal?: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** A data set without the images that cannot be read, and a notice for each of those. @param name of the data set in these */
export async function onlyReadable(data: Dataset, name: string, { cache, ...options }: Options): Promise<{ data: Dataset; notices: string[] }> {
  const bad = await unreadable(data, { ...options, decoded: cache?.of(data) });
  if (bad.length === 0) return { data, notices: [] };
  const indices = new Set(bad.map(({ index }) => index));
  const good = Array.from({ length: data.length }, (_, i) => i).filter((i) => !indices.has(i));
  const subset = data.subset(good);
  cache?.narrow(data, subset, good);
  return { data: subset, notices: bad.map(({ id, error }) => `skipped ${name} image ${id}: ${error.message}`) };
}
