import { DataError } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import type { ImageCache } from "../data/image-cache.js";
import { unreadable } from "../data/prepare.js";
import type { Preparation, TrainingData } from "./options.js";

interface Options {
  readonly inline: boolean;
  /** Where decoded images are kept. */
  readonly cache?: ImageCache;
  readonly signal?: AbortSignal;
  readonly onPrepare?: (preparation: Preparation) => void;
}

/**
 * Training data without the images that cannot be read, and a notice for each of those.
 *
 * @throws {DataError} where no training image is left
 */
export async function onlyReadable({ train, validation }: TrainingData, options: Options): Promise<{ data: TrainingData; notices: string[] }> {
  const learnt = await readablePart(train, "training", options);
  const measured = validation && (await readablePart(validation, "validation", options));
  if (learnt.data.length === 0) throw new DataError(`train: none of the ${train.length} training images can be read`);
  return { data: { train: learnt.data, validation: measured?.data }, notices: [...learnt.notices, ...(measured?.notices ?? [])] };
}

async function readablePart(data: Dataset, name: string, { cache, onPrepare, ...options }: Options): Promise<{ data: Dataset; notices: string[] }> {
  const onProgress = (done: number) => onPrepare?.({ work: "images", done, total: data.length });
  const bad = await unreadable(data, { ...options, onProgress, decoded: cache?.of(data) });
  if (bad.length === 0) return { data, notices: [] };
  const indices = new Set(bad.map(({ index }) => index));
  const good = Array.from({ length: data.length }, (_, i) => i).filter((i) => !indices.has(i));
  const subset = data.subset(good);
  cache?.narrow(data, subset, good);
  return { data: subset, notices: bad.map(({ id, error }) => `skipped ${name} image ${id}: ${error.message}`) };
}
