import { ArgumentError, FormatError } from "../core/errors.js";
import { giveWay } from "../core/slices.js";
import type { ForeignModel } from "../formats/foreign.js";
import type { Model } from "../model/model.js";
import { assemble, type ClassifierOptions, inputSize, withClasses } from "./assemble.js";
import { withCheckpoint } from "./checkpoint.js";
import { importClassifier } from "./imported/index.js";
import { readSaved } from "./saved.js";

/**
 * A classifier out of what a reader of another program's file gave.
 *
 * @throws {FormatError | LimitError | UnsupportedOpError} for a graph that is no classifier of images, or that cannot run here;
 * {ArgumentError} for options that do not fit it
 */
export async function loadForeign(
  { graph, ...facts }: ForeignModel,
  { name = "imported", ...options }: ClassifierOptions & { name?: string } = {},
): Promise<Model> {
  const file = graph.file;
  const saved = withCheckpoint(readSaved({ metadata: graph.metadata, name: file }), { notes: {}, ...facts });
  const { imageSize, preprocessing = saved.preprocessing } = options;
  const known = typeof preprocessing === "object" ? inputSize(preprocessing) : undefined;
  const size = imageSize === undefined ? known : ([imageSize, imageSize] as const);
  await giveWay(options.signal);
  const { architecture, weights, sizeIsOpen } = importClassifier(graph, { name, file, size });
  await giveWay(options.signal);
  if (sizeIsOpen && !size && preprocessing)
    throw new ArgumentError(`load: the network takes images of any size; give theirs, imageSize, beside preprocessing "${preprocessing}" (${file})`);
  const classes = architecture.defaultClasses;
  if (saved.labels && !options.labels && saved.labels.length !== classes)
    throw new FormatError(`load: the file names ${saved.labels.length} classes for ${classes} scores; give { labels } (${file})`);
  return assemble(architecture, withClasses(options, classes), saved, weights);
}
