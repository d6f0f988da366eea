import type { SourceLike } from "../core/source.js";
import { openSafetensors } from "../formats/safetensors/index.js";
import type { Model } from "../model/model.js";
import type { ArchitectureOptions } from "../nn/architecture.js";
import { Session } from "../runtime/session.js";
import { assemble, type AssembleOptions } from "./assemble.js";
import { bundledWeights } from "./bundled.js";
import { architecture, architectureFor } from "./registry.js";
import { readSaved } from "./saved.js";
import { safetensorsWeights } from "./weights.js";

export interface CreateOptions extends AssembleOptions {
  /**
   * `true`: the weights that the name implies (see `models/`). Or a safetensors file of PyTorch's names: path, URL,
   * Blob or bytes. Default: none; weights start from the seed.
   */
  readonly pretrained?: boolean | SourceLike;
  /** Of the architecture, such as `{ padding: "same", width: 0.5 }`. */
  readonly options?: ArchitectureOptions;
}

/**
 * A model of an architecture, by its torchvision or timm name.
 *
 * @throws {ArgumentError} for unknown names and options, {FormatError} for weights that do not fit, listing names and shapes
 */
export async function createModel(name: string, options: CreateOptions = {}): Promise<Model> {
  const { pretrained = false } = options;
  Session.warm(options);
  if (!pretrained) return assemble(await architecture(name, options.options), options, {});
  const file = await openSafetensors(pretrained === true ? await bundledWeights(name) : pretrained);
  try {
    const saved = readSaved(file);
    const built = await architectureFor(name, file.tensors.keys(), { ...saved.options, ...options.options });
    return await assemble(built, options, saved, await safetensorsWeights(file));
  } finally {
    await file.close();
  }
}
