import { unlessAborted } from "../core/abort.js";
import { ArgumentError, FormatError, LimitError } from "../core/errors.js";
import type { FileSource } from "../core/file-store.js";
import { openSafetensors } from "../formats/safetensors/index.js";
import { isReference } from "../hub/is-reference.js";
import type { Model } from "../model/model.js";
import type { ArchitectureOptions } from "../nn/architecture.js";
import { Session } from "../runtime/session.js";
import { assemble, type AssembleOptions } from "./assemble.js";
import { listBundled } from "./bundled.js";
import { type CheckpointOptions, openCheckpoint, openNamed, splitTag, withCheckpoint } from "./checkpoint.js";
import { architecture, architectureFor } from "./registry.js";
import { readSaved } from "./saved.js";
import { safetensorsWeights } from "./weights.js";

export interface CreateOptions extends AssembleOptions, CheckpointOptions {
  /**
   * `true`: the weights that the name implies, from the package or the hub. Or a safetensors file of PyTorch's names: path,
   * URL, Blob, bytes or a file in a store; a folder or a repository (`hf-hub:owner/name`) of one. Default: none; weights start from the seed.
   */
  readonly pretrained?: boolean | FileSource;
  /** Of the architecture, such as `{ padding: "same", width: 0.5 }`. */
  readonly options?: ArchitectureOptions;
}

/** The package's own backbone, `ocelli_s`, with its weights where `pretrained` does not say otherwise. */
export function createModel(options?: CreateOptions): Promise<Model>;
/**
 * A model of an architecture, by its torchvision or timm name, with a tag where it is to have certain weights
 * (`resnet50.a1_in1k`, `resnet50.IMAGENET1K_V2`); or of weights that say which it is (`hf-hub:timm/resnet50.a1_in1k`).
 *
 * @throws {ArgumentError} for unknown names and options, {FormatError} for weights that do not fit, listing names and shapes,
 * {DataError} for weights that cannot be had
 */
export function createModel(name: string, options?: CreateOptions): Promise<Model>;
export function createModel(first: string | CreateOptions = {}, second: CreateOptions = {}): Promise<Model> {
  const [name, options] = typeof first === "string" ? [first, second] : [listBundled()[0], { pretrained: true, ...first }];
  return unlessAborted(create(name, options), options.signal);
}

async function create(name: string, options: CreateOptions): Promise<Model> {
  const { pretrained = false } = options;
  Session.warm(options);
  const named = isReference(name) ? undefined : splitTag(name);
  const untrained = named && (await architecture(named.architecture, options.options)); // an unknown name or option fails before anything is fetched
  if (untrained && !pretrained) return assemble(untrained, options, {});
  const source = typeof pretrained === "boolean" ? undefined : pretrained;
  const checkpoint = named ? await openNamed(named, source, options) : await openCheckpoint(source ?? name, options);
  const file = await openSafetensors(checkpoint.source, { signal: options.signal });
  try {
    const saved = withCheckpoint(readSaved(file), checkpoint);
    const architectureName = named?.architecture ?? saved.name;
    if (!architectureName)
      throw new FormatError(`createModel: neither the file nor a config.json beside it says of which architecture the weights are (${name})`);
    if (checkpoint.isBackbone && options.labels === undefined && options.numClasses === undefined)
      throw new ArgumentError(`createModel: the weights have no classifier; give labels or numClasses for a new one (${file.name})`);
    const built = await architectureFor(architectureName, file.tensors.keys(), { ...saved.options, ...options.options }).catch((cause: Error) => {
      throw options.options || cause instanceof LimitError ? cause : new FormatError(`createModel: ${cause.message} (${file.name})`, { cause });
    });
    return await assemble(built, options, saved, await safetensorsWeights(file));
  } finally {
    await file.close();
  }
}
