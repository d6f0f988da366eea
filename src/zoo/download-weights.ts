import { unlessAborted } from "../core/abort.js";
import type { Checkpoint } from "../hub/checkpoint.js";
import { isReference } from "../hub/is-reference.js";
import { type CheckpointOptions, openCheckpoint, openNamed, splitTag } from "./checkpoint.js";
import { architecture } from "./registry.js";

/** A file of the cache. */
export interface DownloadedFile {
  readonly name: string;
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export interface DownloadedWeights extends Checkpoint {
  /** What was fetched or found in the cache: descriptions, model card, weights and, of a network that keeps them in files of their own, all of those. */
  readonly files: readonly DownloadedFile[];
}

/**
 * Brings weights into the cache, and says what is known of them, without making a model.
 *
 * @param name of an architecture (`resnet50`, `resnet50.a1_in1k`), a repository (`hf-hub:owner/name`), a URL, a file or a folder
 * @throws {ArgumentError} for unknown names, {DataError} for weights that cannot be had
 */
export function downloadWeights(name: string, options: CheckpointOptions = {}): Promise<DownloadedWeights> {
  return unlessAborted(download(name, options), options.signal);
}

async function download(name: string, options: CheckpointOptions): Promise<DownloadedWeights> {
  const files: DownloadedFile[] = [];
  const watched: CheckpointOptions = {
    ...options,
    onFile: (file) => {
      files.push({ name: file.name, url: file.url, size: file.size, sha256: file.sha256 });
      options.onFile?.(file);
    },
  };
  if (isReference(name)) {
    const checkpoint = await openCheckpoint(name, watched);
    await (await import("./neighbours.js")).bringNeighbours(name, checkpoint, watched);
    return { ...checkpoint, files };
  }
  const named = splitTag(name);
  await architecture(named.architecture);
  return { architecture: named.architecture, ...(await openNamed(named, undefined, watched)), files };
}
