import { unlessAborted } from "../core/abort.js";
import { brief } from "../core/brief.js";
import type { ByteSource } from "../core/byte-source.js";
import { ArgumentError, FormatError, LimitError } from "../core/errors.js";
import type { FileSource } from "../core/file-store.js";
import type { Shape } from "../core/shape.js";
import { isSource, openSource } from "../core/source.js";
import type { ForeignOptions } from "../formats/foreign.js";
import { openSafetensors } from "../formats/safetensors/index.js";
import type { Checkpoint } from "../hub/index.js";
import type { Model } from "../model/model.js";
import type { Architecture } from "../nn/architecture.js";
import { Session } from "../runtime/session.js";
import { assemble, type ClassifierOptions, inputSize, withClasses } from "./assemble.js";
import { type CheckpointOptions, openCheckpoint, withCheckpoint } from "./checkpoint.js";
import { type ForeignFormat, formatOf, readForeign } from "./model-file.js";
import { architectureFor } from "./registry.js";
import { readSaved, type Saved } from "./saved.js";
import { safetensorsWeights } from "./weights.js";

export interface LoadOptions extends ClassifierOptions, CheckpointOptions, ForeignOptions {}

/**
 * A whole classifier: architecture, weights, labels and preprocessing. From one file that `model.save` wrote; from another
 * program's, told apart by content: ONNX, TFLite, TF.js and Teachable Machine (`model.json`, its folder or a zip); or from the
 * weights and descriptions of a repository or a folder that is laid out like one.
 *
 * A model of another program that does not say how images are prepared needs `preprocessing` before `classify`, `embed` and
 * training. A softmax at its end is left out: `forward` gives logits, `classify` scores.
 *
 * @param source path of a file or folder, URL, `hf-hub:owner/name[@revision]`, Blob, bytes, or a file in a store of `ocelli/storage`
 * @throws {FormatError | LimitError | UnsupportedOpError} for a file that is no such classifier, naming what is missing or not
 * supported; {DataError} for one that cannot be had
 */
export function loadModel(source: FileSource, options: LoadOptions = {}): Promise<Model> {
  return unlessAborted(load(source, options), options.signal);
}

async function load(source: FileSource, options: LoadOptions): Promise<Model> {
  if (!isSource(source)) throw new ArgumentError(`loadModel: expected a path, a URL, a Blob, bytes or { store, name }, got ${brief(source)}`);
  Session.warm(options);
  const checkpoint = await openCheckpoint(source, options);
  const file = await openSource(checkpoint.source);
  try {
    const format = await formatOf(file);
    return format === "safetensors" ? await loadOwn(file, checkpoint, options) : await loadOther(format, file, { source, checkpoint, options });
  } finally {
    await file.close();
  }
}

async function loadOwn(source: ByteSource, checkpoint: Checkpoint, options: LoadOptions): Promise<Model> {
  const file = await openSafetensors(source, { signal: options.signal });
  const saved = withCheckpoint(readSaved(file), checkpoint);
  const weights = await safetensorsWeights(file);
  const built = await savedArchitecture(saved, file.name, file.tensors.keys(), weights.quantized ? undefined : weights.shapes);
  return assemble(built, withClasses(options, saved.labels?.length), saved, weights);
}

/**
 * The architecture that a file of ours says its tensors are of.
 *
 * @param shapes of the tensors, where they are the float32 weights of an imported network
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export async function savedArchitecture(
  { name, options, definition, preprocessing }: Saved,
  file: string,
  tensors: Iterable<string>,
  shapes?: ReadonlyMap<string, Shape>,
): Promise<Architecture> {
  if (!name) {
    throw new FormatError(
      `load: the file has weights but does not say of which architecture; use createModel(name, { pretrained: ${JSON.stringify(file)} }) (${file})`,
    );
  }
  if (definition) {
    const size = preprocessing && inputSize(preprocessing);
    return (await import("./imported/index.js")).architectureFrom(definition, { name, file, size }, shapes);
  }
  return architectureFor(name, tensors, options).catch((cause) => {
    throw cause instanceof LimitError ? cause : new FormatError(`load: ${cause.message} (${file})`, { cause });
  });
}

async function loadOther(format: ForeignFormat, file: ByteSource, { source, checkpoint, options }: Asked): Promise<Model> {
  const [{ loadForeign }, foreign] = await Promise.all([import("./load-foreign.js"), readForeign(format, file, { source, checkpoint, options })]);
  const name = nameOf(typeof source === "string" || source instanceof URL ? String(source) : file.name);
  return loadForeign({ ...foreign, ...withCheckpoint(foreign, checkpoint) }, { name, ...options });
}

interface Asked {
  readonly source: FileSource;
  readonly checkpoint: Checkpoint;
  readonly options: LoadOptions;
}

/** What files and folders are called that hold one model, whichever it is. */
const anyModel = /^(model|onnx|tfjs|tflite|\.{0,2})$/i;

/** `squeezenet` of `squeezenet.onnx`, of `squeezenet/model.onnx`, of a URL or a repository. */
function nameOf(place: string): string {
  const parts = place
    .replace(/[?#].*$/, "")
    .split(/[/\\]/)
    .map((part) => part.replace(/\.(onnx|tflite|json|zip)$/i, ""));
  return (parts.findLast((part) => !anyModel.test(part)) ?? "model").slice(0, 100);
}
