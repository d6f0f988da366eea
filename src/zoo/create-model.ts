import { ArgumentError, FormatError } from "../core/errors.js";
import type { SourceLike } from "../core/source.js";
import { evaluationTransforms, type Preprocessing, trainingTransforms } from "../data/preprocessing.js";
import { sizeOf } from "../core/shape.js";
import { openSafetensors, type SafetensorsFile } from "../formats/safetensors/index.js";
import type { Value } from "../graph/graph.js";
import { inferenceGraph } from "../model/graphs.js";
import { initialValues } from "../model/initialize.js";
import { toMemory } from "../model/layout.js";
import { Model } from "../model/model.js";
import { metadataKeys } from "../model/save.js";
import type { Architecture, ArchitectureOptions } from "../nn/architecture.js";
import { hasIdentityNorms, matchStateDict, stateDictShapes } from "../nn/state-dict.js";
import { Session, type SessionOptions } from "../runtime/session.js";
import { bundledWeights } from "./bundled.js";
import { architecture, architectureFor } from "./registry.js";

export interface CreateOptions extends SessionOptions {
  /**
   * `true`: the weights that the name implies (see `models/`). Or a safetensors file of PyTorch's names: path, URL,
   * Blob or bytes. Default: none; weights start from the seed.
   */
  readonly pretrained?: boolean | SourceLike;
  /** Default: that of `labels`, else of the pretrained weights, else of the architecture. A differing head starts anew. */
  readonly numClasses?: number;
  /** Names of the classes; default those of the file, else `"0"`, `"1"`, ... */
  readonly labels?: readonly string[];
  /**
   * Whether the classifier starts anew although it fits the pretrained one's size. Default: where `labels` are given
   * and the file names others.
   */
  readonly newHead?: boolean;
  /** Side of the input in pixels; default that of the preprocessing. */
  readonly imageSize?: number;
  /** Default: that of the weights' file, else the architecture's. */
  readonly preprocessing?: Preprocessing;
  /** Of the architecture, such as `{ padding: "same", width: 0.5 }`. */
  readonly options?: ArchitectureOptions;
  /** For weights that start anew, default 0. */
  readonly seed?: number;
}

/**
 * A model of an architecture, by its torchvision or timm name.
 *
 * @throws {ArgumentError} for unknown names and options, {FormatError} for weights that do not fit, listing names and shapes
 */
export async function createModel(name: string, options: CreateOptions = {}): Promise<Model> {
  const { pretrained = false, seed = 0 } = options;
  Session.warm(options);
  if (!pretrained) {
    const built = await architecture(name, options.options);
    return build(built, options, { classes: built.defaultClasses });
  }
  const source = pretrained === true ? await bundledWeights(name) : pretrained;
  const file = await openSafetensors(source);
  try {
    const saved = readMetadata(file);
    const built = await architectureFor(name, file.tensors.keys(), { ...saved.options, ...options.options });
    return await build(built, { ...options, seed }, { file, ...saved });
  } finally {
    await file.close();
  }
}

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
    const saved = readMetadata(file);
    if (!saved.name) {
      throw new FormatError(
        `load: the file has weights but does not say of which architecture; use createModel(name, { pretrained: ${JSON.stringify(file.name)} }) (${file.name})`,
      );
    }
    const built = await architecture(saved.name, saved.options).catch((cause) => {
      throw new FormatError(`load: ${cause.message} (${file.name})`, { cause });
    });
    return await build(built, options, { file, ...saved });
  } finally {
    await file.close();
  }
}

/** What a file of ours says besides its tensors. */
interface Saved {
  readonly name?: string;
  readonly options?: ArchitectureOptions;
  readonly labels?: readonly string[];
  readonly preprocessing?: Preprocessing;
  readonly notes?: Readonly<Record<string, string>>;
}

function readMetadata({ metadata, name }: SafetensorsFile): Saved {
  const read = (key: string, check: (value: unknown) => boolean): unknown => {
    const text = metadata.get(key);
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FormatError(`load: metadata "${key}" is not JSON (${name})`, { cause });
    }
    if (!check(value)) throw new FormatError(`load: metadata "${key}" has an unexpected form: ${text.slice(0, 80)} (${name})`);
    return value;
  };
  const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
  const isPreprocessing = (value: unknown): value is Preprocessing => {
    try {
      return isRecord(value) && [evaluationTransforms, trainingTransforms].every((pipeline) => pipeline(value as unknown as Preprocessing).length > 0);
    } catch {
      return false;
    }
  };
  const built = read(
    metadataKeys.architecture,
    (value) => isRecord(value) && typeof value.name === "string" && (value.options === undefined || isRecord(value.options)),
  );
  return {
    ...(built as Saved | undefined),
    labels: read(metadataKeys.labels, (value) => Array.isArray(value) && value.every((label) => typeof label === "string")) as Saved["labels"],
    preprocessing: read(metadataKeys.preprocessing, isPreprocessing) as Saved["preprocessing"],
    notes: read(metadataKeys.notes, isRecord) as Saved["notes"],
  };
}

/** Makes the model: settles classes and preprocessing, opens a session, fills it from the file and from initialisers. */
async function build(
  built: Architecture,
  options: CreateOptions,
  { file, classes, ...saved }: Saved & { file?: SafetensorsFile; classes?: number },
): Promise<Model> {
  const { session: sessionOptions, numClasses, labels } = settle(built, options, saved, file, classes);
  const preprocessing = choosePreprocessing(built, options, saved);
  const session = await Session.open(sessionOptions);
  try {
    const size = typeof preprocessing.crop === "number" ? [preprocessing.crop, preprocessing.crop] : preprocessing.crop;
    const isQuantized = file !== undefined && [...file.tensors.values()].some(({ dtype }) => dtype === "I8");
    const form = isQuantized ? await import("../model/quantized.js") : undefined;
    const quantized = file && (await form?.readQuantized(file));
    const graph = inferenceGraph(built, numClasses, { batch: 1, height: size[0], width: size[1] }, "logits", quantized?.rewrite);
    await session.keepAll(graph);
    const mayDiffer = !quantized && (options.numClasses !== undefined || options.labels !== undefined || options.newHead === true);
    const match =
      file &&
      matchStateDict(stateDictShapes(graph), modelTensors(file, form?.isActivationTensor), {
        network: `${built.name} (${file.name})`,
        replaceHead: mayDiffer ? built.classifier : [],
      });
    const newHead = options.newHead ?? (!quantized && saved.labels !== undefined && labels.some((label, i) => label !== saved.labels?.[i]));
    const load = new Set(match?.load.filter((name) => !(newHead && built.classifier.includes(name))));
    if (newHead && quantized) throw new ArgumentError(`createModel: a quantised model keeps its head; give a new one to the float32 weights (${file.name})`);
    const statistics: [string, Float32Array][] = [];
    const fill = async (value: Value, data: Float32Array) => {
      if (value.kind === "buffer") statistics.push([value.name, data]);
      await session.write(value.name, value.dtype === "int8" ? Int8Array.from(data) : data);
    };
    for (const value of graph.kept.values()) if (!load.has(value.name)) await fill(value, initialValues(value, options.seed ?? 0));
    const moved = new Float32Array(Math.max(0, ...[...graph.kept.values()].map(({ name, shape }) => (load.has(name) ? sizeOf(shape) : 0))));
    for await (const [name, data] of file?.readAllFloat32(load) ?? []) {
      const value = graph.kept.get(name) as Value;
      form?.checkQuantized(file as SafetensorsFile, value, data);
      await fill(value, toMemory(data, value.file, moved));
    }
    const identityNorms = file !== undefined && hasIdentityNorms(statistics);
    const model = new Model(
      session,
      { architecture: built, labels, preprocessing, notes: saved.notes, trained: file !== undefined, identityNorms, quantized },
      sessionOptions.inline ?? false,
    );
    const [counter] = match?.counters ?? [];
    if (file && counter) model.batchesTracked = Number((await file.readFloat32(counter))[0]);
    await session.started();
    return model;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The network's tensors of a file; a trainer's checkpoint has its own besides. */
function modelTensors(file: SafetensorsFile, isOther: (file: SafetensorsFile, name: string) => boolean = () => false): Map<string, readonly number[]> {
  const others = (name: string) => name.startsWith("optimizer.") || name.startsWith("best.") || isOther(file, name);
  return new Map([...file.tensors].filter(([name]) => !others(name)).map(([name, { shape }]) => [name, shape]));
}

function settle(built: Architecture, options: CreateOptions, saved: Saved, file: SafetensorsFile | undefined, classes: number | undefined) {
  const { labels: given, numClasses: asked, threads, inline, build, winograd } = options;
  const head = built.classifier.at(-1) as string;
  const numClasses = asked ?? given?.length ?? saved.labels?.length ?? file?.tensors.get(head)?.shape[0] ?? classes ?? built.defaultClasses;
  if (!(Number.isInteger(numClasses) && numClasses >= 1))
    throw new ArgumentError(`createModel: numClasses expected a whole number of 1 or more, got ${numClasses}`);
  if (given && given.length !== numClasses) throw new ArgumentError(`createModel: ${given.length} labels for ${numClasses} classes`);
  const labels = given ?? (saved.labels?.length === numClasses ? saved.labels : Array.from({ length: numClasses }, (_, i) => String(i)));
  return { numClasses, labels, session: { threads, inline, build, winograd } };
}

function choosePreprocessing(built: Architecture, { preprocessing, imageSize }: CreateOptions, saved: Saved): Preprocessing {
  const chosen = { ...(preprocessing ?? saved.preprocessing ?? built.preprocessing), channels: built.channels };
  evaluationTransforms(chosen); // throws where it does not fit
  if (imageSize === undefined) return chosen;
  if (!(Number.isInteger(imageSize) && imageSize >= 1))
    throw new ArgumentError(`createModel: imageSize expected a whole number of 1 or more, got ${imageSize}`);
  const { resize, crop } = chosen;
  const ratio = typeof resize === "number" && typeof crop === "number" ? resize / crop : 1;
  return { ...chosen, crop: imageSize, resize: resize === null ? null : Math.round(imageSize * ratio) };
}
