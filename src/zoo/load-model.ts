import { FormatError } from "../core/errors.js";
import type { SourceLike } from "../core/source.js";
import { openSafetensors } from "../formats/safetensors/index.js";
import type { Model } from "../model/model.js";
import { Session, type SessionOptions } from "../runtime/session.js";
import { assemble } from "./assemble.js";
import { architecture } from "./registry.js";
import { readSaved } from "./saved.js";
import { safetensorsWeights } from "./weights.js";

/**
 * A whole classifier from one file that `model.save` wrote: architecture, weights, labels and preprocessing.
 *
 * @param source path, URL, Blob or bytes
 * @throws {FormatError} for a file that is no such classifier, naming what is missing
 */
export async function loadModel(source: SourceLike, options: SessionOptions = {}): Promise<Model> {
  Session.warm(options);
  const file = await openSafetensors(source);
  try {
    const saved = readSaved(file);
    if (!saved.name) {
      throw new FormatError(
        `load: the file has weights but does not say of which architecture; use createModel(name, { pretrained: ${JSON.stringify(file.name)} }) (${file.name})`,
      );
    }
    const built = await architecture(saved.name, saved.options).catch((cause) => {
      throw new FormatError(`load: ${cause.message} (${file.name})`, { cause });
    });
    return await assemble(built, options, saved, await safetensorsWeights(file));
  } finally {
    await file.close();
  }
}
