/** Weights by name, from the hub, a mirror, a URL or a folder. Loaded when a name asks for it. */
import { ArgumentError, DataError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { openCache } from "./cache.js";
import { type Checkpoint, type ReadOptions, readRepository } from "./checkpoint.js";
import { download } from "./download.js";
import { env } from "./env.js";
import { published } from "./published.js";
import { parseReference } from "./reference.js";
import { hubRepository, type RepositoryOptions } from "./repository.js";

export type { Checkpoint } from "./checkpoint.js";
export { torchvisionPreprocessing } from "./preprocessing/torchvision.js";

export interface HubOptions extends RepositoryOptions, ReadOptions {}

/**
 * The checkpoint that a reference names, downloaded where it is not in the cache.
 *
 * @param source `hf-hub:owner/name[@revision]`, the address of a repository or of a file, or the path of a folder
 */
export async function openCheckpoint(source: string | URL, options: HubOptions = {}): Promise<Checkpoint> {
  const reference = parseReference(source);
  if (reference.kind === "repository") {
    const repository = await hubRepository(reference, options);
    return readRepository(repository, { ...options, file: options.file ?? reference.file });
  }
  if (reference.kind === "folder") return readRepository((await import("./folder-node.js")).folderRepository(reference.path), options);
  const { url, sha256 } = reference;
  const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1) || "model").replace(/[^\w.-]/g, "_");
  const file = await download({ url, name, sha256, limit: limits.memoryBytes }, await openCache(env.cacheDir), options);
  if (!file) throw new DataError(`cannot open ${url}: there is no such file`);
  options.onFile?.(file);
  return { source: file.source, notes: { source: url } };
}

/**
 * The checkpoint that an architecture's name and a tag stand for.
 *
 * @param tag timm's or torchvision's; default the one that timm takes
 * @throws {ArgumentError} where nothing is published that can be read here, saying what to do instead
 */
export async function openPublished(architecture: string, tag: string | undefined, options: HubOptions = {}): Promise<Checkpoint> {
  const { repo, preprocessing } = published(architecture, tag);
  const name = tag ? `${architecture}.${tag}` : architecture;
  if (!repo)
    throw new ArgumentError(
      `no weights are known for ${name} in a form that is read here${preprocessing ? ", only PyTorch's own" : ""}; save a state_dict as safetensors (in Python: ` +
        `save_file(model.state_dict(), "${architecture}.safetensors")) and give it: createModel("${name}", { pretrained: "${architecture}.safetensors" })`,
    );
  const checkpoint = await openCheckpoint(`hf-hub:${repo}`, options);
  return { ...checkpoint, preprocessing: preprocessing ?? checkpoint.preprocessing };
}
