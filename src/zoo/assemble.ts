import { ArgumentError, LimitError } from "../core/errors.js";
import { sizeOf } from "../core/shape.js";
import { giveWay, inSlices, type Slices } from "../core/slices.js";
import { evaluationTransforms, named, type Preprocessing, type PreprocessingName } from "../data/preprocessing.js";
import type { Value } from "../graph/graph.js";
import { inferenceGraph } from "../model/graphs.js";
import { initialValues } from "../model/initialize.js";
import { checkLabels } from "../model/labels.js";
import { toMemory } from "../model/layout.js";
import { Model } from "../model/model.js";
import type { Architecture } from "../nn/architecture.js";
import { hasIdentityNorms, matchStateDict, stateDictShapes } from "../nn/state-dict.js";
import { Session, type SessionOptions } from "../runtime/session.js";
import type { Saved } from "./saved.js";
import type { Weights } from "./weights.js";

/** What a user says of a model besides what its file does. */
export interface AssembleOptions extends SessionOptions {
  /** Default: that of `labels`, else of the weights, else of the architecture. A differing head starts anew. */
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
  /** What images go through, in full or by name. Default: that of the weights' file, else the architecture's. */
  readonly preprocessing?: Preprocessing | PreprocessingName;
  /** For weights that start anew, default 0. */
  readonly seed?: number;
  /** Ends the making of the model, downloads included, with its reason. */
  readonly signal?: AbortSignal;
}

/** Of a model whose classes are those of its weights. */
export interface ClassifierOptions extends Omit<AssembleOptions, "numClasses" | "newHead" | "seed"> {
  /** Names of the classes, as many as there are; default those of the file, else `"0"`, `"1"`, ... */
  readonly labels?: readonly string[];
}

/** Makes the model: settles classes and preprocessing, opens a session, fills it from the weights and from initialisers. */
export async function assemble(built: Architecture, options: AssembleOptions, saved: Saved, weights?: Weights): Promise<Model> {
  const { labels, mayDiffer, newHead } = settleClasses(built, options, saved, weights);
  const images = settleImages(built, options, saved);
  const { threads, inline = false, build, winograd, seed = 0, signal } = options;
  const [height, width] = images.imageSize;
  const graph = inferenceGraph(built, labels.length, { batch: 1, height, width }, "logits", weights?.quantized?.rewrite);
  const replaceHead = mayDiffer ? built.classifier : [];
  const match =
    weights && matchStateDict(stateDictShapes(graph), weights.shapes, { network: `${built.name} (${weights.file})`, replaceHead, unused: built.unused });
  const session = await Session.open({ threads, inline, build, winograd });
  try {
    await session.keepAll(graph);
    const load = new Set(match?.load.filter((name) => !(newHead && built.classifier.includes(name))));
    const statistics: [string, Float32Array][] = [];
    const fill = async (value: Value, make: (into?: Float32Array) => Slices<Float32Array>) => {
      await session.write(value.name, value.dtype === "int8" ? Int8Array.from(await inSlices(make(), signal)) : make, signal);
      await giveWay(signal);
    };
    for (const value of graph.kept.values()) if (!load.has(value.name)) await fill(value, () => initialValues(value, seed));
    // Where the memory is another thread's: one for all, and no more than a number where nothing is written to it.
    const moved = new Float32Array(Math.max(0, ...[...graph.kept.values()].map(({ name, shape }) => (load.has(name) ? sizeOf(shape) : 0))));
    for await (const [name, data] of weights?.read(load) ?? []) {
      const value = graph.kept.get(name) as Value;
      weights?.check?.(value, data);
      if (value.kind === "buffer") statistics.push([name, data.slice()]);
      await fill(value, (into = moved) => toMemory(data, value.file, into));
    }
    const identityNorms = weights !== undefined && hasIdentityNorms(statistics);
    const facts = { architecture: built, labels, ...images, notes: saved.notes, trained: weights !== undefined, identityNorms, quantized: weights?.quantized };
    const model = new Model(session, facts, inline);
    for await (const [, [count]] of weights?.read(match?.counters.slice(0, 1) ?? []) ?? []) model.batchesTracked = count;
    if (saved.calibration && !newHead && weights)
      model.calibration = (await import("../model/calibration.js")).checkedCalibration(saved.calibration, labels.length, weights.file);
    await session.started();
    return model;
  } catch (error) {
    session.close();
    throw error;
  }
}

const mostClasses = 2 ** 20;

function settleClasses(built: Architecture, { labels: given, numClasses: asked, newHead: anew }: AssembleOptions, saved: Saved, weights?: Weights) {
  const ofWeights = built.definition ? undefined : weights?.shapes.get(built.classifier.at(-1) as string)?.[0];
  const numClasses = asked ?? given?.length ?? saved.labels?.length ?? ofWeights ?? built.defaultClasses;
  if (!(Number.isInteger(numClasses) && numClasses >= 1))
    throw new ArgumentError(`createModel: numClasses expected a whole number of 1 or more, got ${numClasses}`);
  if (numClasses > mostClasses) throw new LimitError(`createModel: ${numClasses} classes, more than ${mostClasses}`);
  if (given && given.length !== numClasses) throw new ArgumentError(`createModel: ${given.length} labels for ${numClasses} classes`);
  const labels = given ?? (saved.labels?.length === numClasses ? saved.labels : Array.from({ length: numClasses }, (_, i) => String(i)));
  const newHead = anew ?? (!weights?.quantized && saved.labels !== undefined && labels.some((label, i) => label !== saved.labels?.[i]));
  const isKept = weights !== undefined && !newHead && (ofWeights ?? numClasses) === numClasses; // then the names are the data set's, which may have one twice
  if (given && !isKept) checkLabels("createModel", given);
  if (newHead && weights?.quantized)
    throw new ArgumentError(`createModel: a quantised model keeps its head; give a new one to the float32 weights (${weights.file})`);
  return { labels, newHead, mayDiffer: !weights?.quantized && (asked !== undefined || given !== undefined || anew === true) };
}

/** Preprocessing, where it is known, and the size of the network's input. */
function settleImages(built: Architecture, { preprocessing, imageSize }: AssembleOptions, saved: Saved) {
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize >= 1))
    throw new ArgumentError(`createModel: imageSize expected a whole number of 1 or more, got ${imageSize}`);
  const known =
    typeof preprocessing === "string" ? named(preprocessing, imageSize ?? built.inputSize) : (preprocessing ?? saved.preprocessing ?? built.preprocessing);
  if (!known) return { imageSize: pair(imageSize ?? built.inputSize) };
  const chosen = withSize({ ...known, channels: built.channels }, imageSize);
  evaluationTransforms(chosen); // throws where it does not fit
  return { preprocessing: chosen, imageSize: inputSize(chosen) };
}

const pair = (size: number | readonly [number, number]): readonly [number, number] => (typeof size === "number" ? [size, size] : [size[0], size[1]]);

/** The same for another size of the input: what is cut away keeps its share. */
function withSize(preprocessing: Preprocessing, imageSize: number | undefined): Preprocessing {
  const { resize, crop } = preprocessing;
  if (imageSize === undefined) return preprocessing;
  const ratio = typeof resize === "number" && typeof crop === "number" ? resize / crop : 1;
  return { ...preprocessing, crop: imageSize, resize: resize === null ? null : Math.round(imageSize * ratio) };
}

/** Options for a model of so many classes. @throws {ArgumentError} where labels are not as many */
export function withClasses(options: ClassifierOptions, classes = options.labels?.length): AssembleOptions {
  if (options.labels && options.labels.length !== classes)
    throw new ArgumentError(`load: ${options.labels.length} labels for ${classes} classes; replaceHead gives a model other classes`);
  return { ...options, newHead: false };
}

/** Of the network that a preprocessing is for. */
export const inputSize = ({ crop }: Preprocessing): readonly [height: number, width: number] => pair(crop);
