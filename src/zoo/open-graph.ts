import { unlessAborted } from "../core/abort.js";
import type { FileSource } from "../core/file-store.js";
import { openSource } from "../core/source.js";
import type { ForeignModel, ForeignOptions } from "../formats/foreign.js";
import type { SessionOptions } from "../runtime/session.js";
import { type CheckpointOptions, openCheckpoint, withCheckpoint } from "./checkpoint.js";
import { GraphModel } from "./imported/graph-model.js";
import { type ForeignFormat, readForeign } from "./model-file.js";
import { readSaved } from "./saved.js";

export interface OpenOptions extends SessionOptions, CheckpointOptions, ForeignOptions {}

/** The graph in a file of another program, to run as it is. */
export function openGraph(format: ForeignFormat, source: FileSource, options: OpenOptions = {}): Promise<GraphModel> {
  return unlessAborted(open(format, source, options), options.signal);
}

async function open(format: ForeignFormat, source: FileSource, options: OpenOptions): Promise<GraphModel> {
  const checkpoint = await openCheckpoint(source, options);
  const file = await openSource(checkpoint.source);
  try {
    const foreign = await readForeign(format, file, { source, checkpoint, options });
    return await graphModel({ ...foreign, ...withCheckpoint(foreign, checkpoint) }, options);
  } finally {
    await file.close();
  }
}

/** The graph that a reader gave, to run as it is. */
export function graphModel({ graph, ...facts }: ForeignModel, options: SessionOptions = {}): Promise<GraphModel> {
  return GraphModel.open(graph, options, withCheckpoint(readSaved({ metadata: graph.metadata, name: graph.file }), { notes: {}, ...facts }));
}
