import { FormatError } from "../core/errors.js";
import type { SourceLike } from "../core/source.js";
import { openSafetensors } from "../formats/safetensors/index.js";
import type { Model } from "../model/model.js";
import { Session, type SessionOptions } from "../runtime/session.js";
import { assemble } from "./assemble.js";
import { type CheckpointOptions, openCheckpoint, withCheckpoint } from "./checkpoint.js";
import { architectureFor } from "./registry.js";
import { readSaved } from "./saved.js";
import { safetensorsWeights } from "./weights.js";

export interface LoadOptions extends SessionOptions, CheckpointOptions {}

/**
 * A whole classifier: architecture, weights, labels and preprocessing from one file that `model.save` wrote, or from the
 * weights and descriptions of a repository or a folder that is laid out like one.
 *
 * @param source path of a file or folder, URL, `hf-hub:owner/name[@revision]`, Blob or bytes
 * @throws {FormatError} for a file that is no such classifier, naming what is missing; {DataError} for one that cannot be had
 */
export async function loadModel(source: SourceLike, options: LoadOptions = {}): Promise<Model> {
  Session.warm(options);
  const checkpoint = await openCheckpoint(source, options);
  const file = await openSafetensors(checkpoint.source);
  try {
    const saved = withCheckpoint(readSaved(file), checkpoint);
    if (!saved.name) {
      throw new FormatError(
        `load: the file has weights but does not say of which architecture; use createModel(name, { pretrained: ${JSON.stringify(file.name)} }) (${file.name})`,
      );
    }
    const built = await architectureFor(saved.name, file.tensors.keys(), saved.options).catch((cause) => {
      throw new FormatError(`load: ${cause.message} (${file.name})`, { cause });
    });
    return await assemble(built, options, saved, await safetensorsWeights(file));
  } finally {
    await file.close();
  }
}
