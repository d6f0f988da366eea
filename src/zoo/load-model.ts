import type { ByteSource } from "../core/byte-source.js";
import { ArgumentError, FormatError } from "../core/errors.js";
import { openSource, type SourceLike } from "../core/source.js";
import type { Preprocessing } from "../data/preprocessing.js";
import { openSafetensors } from "../formats/safetensors/index.js";
import type { Checkpoint } from "../hub/index.js";
import type { Model } from "../model/model.js";
import { Session } from "../runtime/session.js";
import { assemble, type AssembleOptions } from "./assemble.js";
import { type CheckpointOptions, openCheckpoint, withCheckpoint } from "./checkpoint.js";
import { type ForeignFormat, formatOf, readForeign } from "./model-file.js";
import { architectureFor } from "./registry.js";
import { readSaved } from "./saved.js";
import { safetensorsWeights } from "./weights.js";

export interface LoadOptions extends Omit<AssembleOptions, "numClasses" | "newHead" | "seed">, CheckpointOptions {
  /** Names of the classes, as many as there are; default those of the file, else `"0"`, `"1"`, ... */
  readonly labels?: readonly string[];
}

/**
 * A whole classifier: architecture, weights, labels and preprocessing. From one file that `model.save` wrote; from another
 * program's, told apart by content: ONNX, TFLite, TF.js and Teachable Machine (`model.json`, its folder or a zip); or from the
 * weights and descriptions of a repository or a folder that is laid out like one.
 *
 * A model of another program that does not say how images are prepared needs `preprocessing` before `classify`, `embed` and
 * training. A softmax at its end is left out: `forward` gives logits, `classify` scores.
 *
 * @param source path of a file or folder, URL, `hf-hub:owner/name[@revision]`, Blob or bytes
 * @throws {FormatError | LimitError | UnsupportedOpError} for a file that is no such classifier, naming what is missing or not
 * supported; {DataError} for one that cannot be had
 */
export async function loadModel(source: SourceLike, options: LoadOptions = {}): Promise<Model> {
  Session.warm(options);
  const checkpoint = await openCheckpoint(source, options);
  const file = await openSource(checkpoint.source);
  try {
    const format = await formatOf(file);
    return format === "safetensors" ? await loadOwn(file, checkpoint, options) : await loadForeign(format, file, { source, checkpoint, options });
  } finally {
    await file.close();
  }
}

async function loadOwn(source: ByteSource, checkpoint: Checkpoint, options: LoadOptions): Promise<Model> {
  const file = await openSafetensors(source);
  const saved = withCheckpoint(readSaved(file), checkpoint);
  const { name, definition, preprocessing } = saved;
  if (!name) {
    throw new FormatError(
      `load: the file has weights but does not say of which architecture; use createModel(name, { pretrained: ${JSON.stringify(file.name)} }) (${file.name})`,
    );
  }
  const size = preprocessing && sizeOf(preprocessing);
  const imported = definition && (await import("./imported/index.js")).architectureFrom(definition, { name, file: file.name, size });
  const built =
    imported ??
    (await architectureFor(name, file.tensors.keys(), saved.options).catch((cause) => {
      throw new FormatError(`load: ${cause.message} (${file.name})`, { cause });
    }));
  return assemble(built, sameClasses(options, saved.labels?.length), saved, await safetensorsWeights(file));
}

async function loadForeign(
  format: ForeignFormat,
  file: ByteSource,
  { source, checkpoint, options }: { source: SourceLike; checkpoint: Checkpoint; options: LoadOptions },
): Promise<Model> {
  const [{ graph, ...facts }, { importClassifier }] = await Promise.all([
    readForeign(format, file, { source, local: checkpoint.source, options }),
    import("./imported/index.js"),
  ]);
  const saved = withCheckpoint({ ...readSaved({ ...graph, name: file.name }), ...facts }, checkpoint);
  const { imageSize, preprocessing = saved.preprocessing } = options;
  const size = imageSize === undefined ? typeof preprocessing === "object" && sizeOf(preprocessing) : ([imageSize, imageSize] as const);
  const name = stem(typeof source === "string" || source instanceof URL ? String(source) : file.name);
  const { architecture: built, weights, sizeIsOpen } = importClassifier(graph, { name, file: file.name, size: size || undefined });
  if (sizeIsOpen && !size && preprocessing)
    throw new ArgumentError(`load: the network takes images of any size; say { imageSize } beside preprocessing "${preprocessing}" (${file.name})`);
  if (saved.labels && !options.labels && saved.labels.length !== built.defaultClasses)
    throw new FormatError(`load: the file names ${saved.labels.length} classes for ${built.defaultClasses} scores; give { labels } (${file.name})`);
  return assemble(built, sameClasses(options, built.defaultClasses), saved, weights);
}

/** Options for a model whose classes are as many as its weights give scores for. */
function sameClasses(options: LoadOptions, classes = options.labels?.length): AssembleOptions {
  if (options.labels && options.labels.length !== classes)
    throw new ArgumentError(`load: ${options.labels.length} labels for ${classes} classes; replaceHead gives a model other classes`);
  return { ...options, newHead: false };
}

const sizeOf = ({ crop }: Preprocessing): readonly [number, number] => (typeof crop === "number" ? [crop, crop] : crop);

/** `squeezenet` of `models/squeezenet.onnx`, of a URL or a repository. */
const stem = (path: string) => (/([^/\\]+?)(\.[^./\\]*)?([?#].*)?$/.exec(path)?.[1] ?? path).slice(0, 100);
