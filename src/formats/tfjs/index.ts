/** TF.js layers models, TF.js graph models and Teachable Machine exports. */
import { DataError, FormatError, LimitError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { Fields } from "../fields.js";
import type { ForeignFile, ForeignModel } from "../foreign.js";
import type { StoredTensor } from "../onnx/constant.js";
import { kerasPreprocessing } from "./keras-preprocessing.js";
import { readTeachableMachine } from "./teachable-machine.js";
import { readWeightGroup } from "./weights.js";

/** What TF.js hands to an `IOHandler`'s `save`, and what its own loaders give. */
export interface TfjsArtifacts {
  readonly modelTopology: object;
  /** `{ name, shape, dtype, quantization? }` of each weight, in the order of the data. */
  readonly weightSpecs: readonly object[];
  readonly weightData: ArrayBuffer | Uint8Array | readonly ArrayBuffer[];
  /** Names of a graph model's inputs and outputs. */
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
}

/**
 * A model from `model.json` and the files beside it. With a `metadata.json` of Teachable Machine it has labels and preprocessing.
 *
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export async function readTfjs(file: ForeignFile): Promise<ForeignModel> {
  const json = new Fields(parseJson(file.bytes, file.name), "tfjs: model", file.name);
  const tensors = new Map<string, StoredTensor>();
  for (const [i, each] of json.list("weightsManifest", []).entries()) {
    const entry = new Fields(each, `tfjs: group ${i} of weights`, file.name);
    const group = readWeightGroup(entry.list("weights"), file.name);
    const parts = await readShards(file, entry.list("paths"), group.bytes);
    for (const [name, tensor] of group.tensors(joined(parts, group.bytes, file.name))) {
      if (tensors.has(name)) throw new FormatError(`tfjs: two weights are named "${name}" (${file.name})`);
      tensors.set(name, tensor);
    }
  }
  const model = await convert(json, tensors);
  const metadata = await optional(file, "metadata.json");
  return metadata ? { ...model, ...readTeachableMachine(new Fields(parseJson(metadata, "metadata.json"), "tfjs: metadata", "metadata.json")) } : model;
}

/** A model that is in memory already. @throws {FormatError | LimitError | UnsupportedOpError} */
export async function readTfjsArtifacts({ modelTopology, weightSpecs, weightData, ...rest }: TfjsArtifacts, name = "TF.js artifacts"): Promise<ForeignModel> {
  const parts = Array.isArray(weightData) ? (weightData as readonly ArrayBuffer[]) : [weightData as ArrayBuffer | Uint8Array];
  const group = readWeightGroup(weightSpecs, name);
  return convert(new Fields({ ...rest, modelTopology }, "tfjs: model", name), group.tensors(joined(parts.map(asBytes), group.bytes, name)));
}

const asBytes = (part: ArrayBuffer | Uint8Array) => (part instanceof Uint8Array ? part : new Uint8Array(part));

/** The graph of a layers model or a graph model. Each kind is fetched when one is met. */
async function convert(json: Fields, tensors: ReadonlyMap<string, StoredTensor>): Promise<ForeignModel> {
  const topology = json.fields("modelTopology", json.where);
  if (topology.has("node")) {
    const { convertGraphModel } = await import("./graph/index.js");
    return { graph: convertGraphModel(topology, json, tensors) };
  }
  const { convertLayersModel } = await import("./layers/index.js");
  const { graph, model } = convertLayersModel(topology, tensors);
  return { graph, ...kerasPreprocessing(model) };
}

/** The files of one group, and no more than it needs. */
async function readShards(file: ForeignFile, paths: readonly unknown[], bytes: number): Promise<Uint8Array[]> {
  if (paths.length > limits.tensors) throw new LimitError(`tfjs: ${paths.length} files of weights, more than limits.tensors ${limits.tensors} (${file.name})`);
  const parts: Uint8Array[] = [];
  let found = 0;
  for (const path of paths) {
    const part = await readShard(file, path);
    found += part.length;
    if (found > bytes) throw new FormatError(`tfjs: the weights expect ${bytes} bytes, got ${found} up to ${path} (${file.name})`);
    parts.push(part);
  }
  return parts;
}

async function readShard({ name, beside }: ForeignFile, path: unknown): Promise<Uint8Array> {
  // A name, not a path: nothing in a model decides which folder is read.
  if (typeof path !== "string" || !/^[^/\\:\0]+$/.test(path) || path === "." || path === "..")
    throw new FormatError(`tfjs: weights lie in ${JSON.stringify(path)}, expected the name of a file beside the model (${name})`);
  if (!beside) throw new FormatError(`tfjs: the weights lie in "${path}"; open the model by its path, URL, folder or zip (${name})`);
  return beside(path).catch((cause) => {
    throw cause instanceof DataError ? new FormatError(`tfjs: the weights lie in "${path}": ${cause.message} (${name})`, { cause }) : cause;
  });
}

/** A file that need not be there. */
async function optional({ beside }: ForeignFile, name: string): Promise<Uint8Array | undefined> {
  try {
    return await beside?.(name);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** Parts of a group one after the other; one part is not copied. */
function joined(parts: readonly Uint8Array[], bytes: number, file: string): Uint8Array {
  if (parts.length === 1) return parts[0];
  const found = parts.reduce((sum, part) => sum + part.length, 0);
  if (found !== bytes) throw new FormatError(`tfjs: the weights expect ${bytes} bytes, got ${found} in ${parts.length} files (${file})`);
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  if (bytes.length > limits.textBytes) throw new LimitError(`tfjs: JSON of ${bytes.length} bytes, more than limits.textBytes ${limits.textBytes} (${file})`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(`tfjs: not JSON: ${(cause as Error).message} (${file})`, { cause });
  }
}
