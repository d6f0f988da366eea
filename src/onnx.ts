/** `ocelli/onnx`: networks in ONNX files. `loadModel` opens those that are image classifiers; here are all others, and the files themselves. */
import type { FileSource } from "./core/file-store.js";
import type { GraphModel } from "./zoo/imported/graph-model.js";
import { type OpenOptions, openGraph } from "./zoo/open-graph.js";

export type { ForeignModel } from "./formats/foreign.js";
export type { Constant, ElementType, StoredTensor } from "./formats/onnx/constant.js";
export { type OnnxModel, type OnnxNode, type OnnxTensorInfo, readOnnx } from "./formats/onnx/read-model.js";
export { onnxBytes, writeOnnx } from "./formats/onnx/write-model.js";
export type { GraphInput, GraphModel, GraphOutput } from "./zoo/imported/graph-model.js";
export { loadForeign } from "./zoo/load-foreign.js";
export type { OpenOptions };

/**
 * A network of any inputs and outputs, to run as its file has it.
 *
 * @param source path, URL, `hf-hub:owner/name`, Blob, bytes or a file in a store; files beside it are read where it keeps tensors in such
 * @throws {FormatError | LimitError | UnsupportedOpError} for a file that is none, or that cannot run here
 */
export const openOnnx = (source: FileSource, options?: OpenOptions): Promise<GraphModel> => openGraph("onnx", source, options);
