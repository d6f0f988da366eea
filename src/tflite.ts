/** `ocelli/tflite`: TensorFlow Lite files. `loadModel` opens those that are image classifiers; here are all others. */
import type { FileSource } from "./core/file-store.js";
import type { GraphModel } from "./zoo/imported/graph-model.js";
import { type OpenOptions, openGraph } from "./zoo/open-graph.js";

export type { GraphInput, GraphModel, GraphOutput } from "./zoo/imported/graph-model.js";
export type { OpenOptions };

/**
 * A network of any inputs and outputs, to run as its file has it, quantised ones with their weights as float32.
 * What they round in between stays float32 unless `quantized: "exact"` asks for their levels.
 *
 * @param source path, URL, `hf-hub:owner/name`, Blob, bytes or a file in a store
 * @throws {FormatError | LimitError | UnsupportedOpError} for a file that is none, or that cannot run here
 */
export const openTflite = (source: FileSource, options?: OpenOptions): Promise<GraphModel> => openGraph("tflite", source, options);
