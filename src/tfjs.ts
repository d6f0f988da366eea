/** `ocelli/tfjs`: TF.js layers models, graph models and Teachable Machine exports. `loadModel` opens those that are image classifiers. */
import { unlessAborted } from "./core/abort.js";
import type { FileSource } from "./core/file-store.js";
import { readTfjsArtifacts, type TfjsArtifacts } from "./formats/tfjs/index.js";
import type { Model } from "./model/model.js";
import type { ClassifierOptions } from "./zoo/assemble.js";
import type { GraphModel } from "./zoo/imported/graph-model.js";
import { loadForeign } from "./zoo/load-foreign.js";
import { graphModel, type OpenOptions, openGraph } from "./zoo/open-graph.js";

export { readTfjsArtifacts } from "./formats/tfjs/index.js";
export type { GraphInput, GraphModel, GraphOutput } from "./zoo/imported/graph-model.js";
export type { ClassifierOptions, OpenOptions, TfjsArtifacts };

/**
 * A network of any inputs and outputs, to run as it is.
 *
 * @param source path or URL of a `model.json`, its folder, a zip, or what TF.js holds in memory
 * @throws {FormatError | LimitError | UnsupportedOpError} for a file that is none, or that cannot run here
 */
export async function openTfjs(source: FileSource | TfjsArtifacts, options?: OpenOptions): Promise<GraphModel> {
  return isArtifacts(source)
    ? unlessAborted(
        readTfjsArtifacts(source).then((model) => graphModel(model, options)),
        options?.signal,
      )
    : openGraph("tfjs", source, options);
}

/** An image classifier that TF.js holds in memory. @throws as `loadModel` */
export async function loadTfjs(artifacts: TfjsArtifacts, options?: ClassifierOptions): Promise<Model> {
  return loadForeign(await readTfjsArtifacts(artifacts), options);
}

const isArtifacts = (source: FileSource | TfjsArtifacts): source is TfjsArtifacts => typeof source === "object" && "modelTopology" in source;
