import { unlessAborted } from "../core/abort.js";
import type { ByteSource } from "../core/byte-source.js";
import { ArgumentError, DataError, FormatError, UnsupportedOpError } from "../core/errors.js";
import type { FileSource } from "../core/file-store.js";
import { isFile, openSource } from "../core/source.js";
import type { ForeignFile, ForeignModel, ForeignOptions, ForeignReader } from "../formats/foreign.js";
import { pickleHeadBytes, refusePickle } from "../formats/pickle.js";
import type { Checkpoint } from "../hub/index.js";
import { isRemote } from "../hub/is-reference.js";
import { type CheckpointOptions, openCheckpoint } from "./checkpoint.js";

/** Forms that other programs keep models in. */
export type ForeignFormat = "onnx" | "tfjs" | "tflite" | "zip";
export type ModelFormat = "safetensors" | ForeignFormat;

const readers: Record<ForeignFormat, () => Promise<ForeignReader>> = {
  onnx: async () => (await import("../formats/onnx/read-foreign.js")).readForeignOnnx,
  tfjs: async () => (await import("../formats/tfjs/index.js")).readTfjs,
  tflite: async () => (await import("../formats/tflite/index.js")).readTflite,
  zip: async () => (await import("../formats/archive.js")).readArchive,
};

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Formats that are told apart to say what to do with them. */
const others: readonly (readonly [start: string, advice: string])[] = [
  ["\x89HDF", "a Keras file of HDF5; convert it with tensorflowjs_converter or tf2onnx"],
  ["GGUF", "a GGUF file; expected an image classifier"],
];

/** The format of a file, by its first bytes. @throws {FormatError | UnsupportedOpError} for none that we read */
export async function formatOf(source: ByteSource): Promise<ModelFormat> {
  const head = await source.read(0, Math.min(pickleHeadBytes, source.size));
  refusePickle(source.name, head);
  const other = others.find(([start]) => text(head).startsWith(start));
  if (other) throw new UnsupportedOpError(`load: this is ${other[1]} (${source.name})`);
  // A length of 64 bits, which may be wrong but not by far, and the header in JSON.
  if (head[8] === 0x7b && head.subarray(5, 8).every((byte) => byte === 0)) return "safetensors";
  if (text(head.subarray(4, 8)) === "TFL3") return "tflite";
  if (text(head).startsWith("PK\x03\x04")) return "zip";
  if (/^(\xef\xbb\xbf)?\s*\{/.test(text(head))) return "tfjs";
  // An ONNX file begins with a field of its outermost message: version, producer, domain, graph or operator set.
  if (head.length > 0 && [0x08, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42].includes(head[0])) return "onnx";
  const found = head.length === 0 ? "nothing" : [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new FormatError(`load: expected safetensors, ONNX, TFLite, a model.json of TF.js or a zip with one; the file begins with ${found} (${source.name})`);
}

/**
 * The format of a model's file, told by its first bytes; of a folder or a repository, that of the file in it.
 *
 * @param source as `loadModel` takes it
 * @throws {FormatError | UnsupportedOpError} for none that we read; {DataError} for one that cannot be had
 */
export function modelFormat(source: FileSource, options: CheckpointOptions = {}): Promise<ModelFormat> {
  return unlessAborted(format(source, options), options.signal);
}

async function format(source: FileSource, options: CheckpointOptions): Promise<ModelFormat> {
  const file = await openSource((await openCheckpoint(source, options)).source);
  try {
    return await formatOf(file);
  } finally {
    await file.close();
  }
}

/** Where a model was asked for, and what came of it. */
interface Opened {
  readonly source: FileSource;
  readonly checkpoint: Checkpoint;
  readonly options: CheckpointOptions & ForeignOptions;
}

/** Reads a file of another program with the reader of its format, which is fetched now. */
export async function readForeign(format: ForeignFormat, file: ByteSource, opened: Opened): Promise<ForeignModel> {
  const [read, bytes] = await Promise.all([readers[format](), file.read(0, file.size)]);
  return read({ name: file.name, bytes, beside: besideOf(opened) }, opened.options);
}

/** Reads files of the same folder, where there is one. */
function besideOf({ source, checkpoint, options }: Opened): ForeignFile["beside"] {
  const find = checkpoint.beside ?? neighboursOf(isRemote(source) ? source : checkpoint.source, options);
  return (
    find &&
    (async (name) => {
      if (!/^[^/\\:\0]+$/.test(name) || name === "." || name === "..") throw new FormatError(`load: expected the name of a file, got ${JSON.stringify(name)}`);
      const found = await find(name);
      if (found === undefined) throw new DataError(`cannot open ${name}: there is no such file beside the model`);
      const file = await openSource(found);
      try {
        return await file.read(0, file.size);
      } finally {
        await file.close();
      }
    })
  );
}

/** Finds files of the folder that a path, a URL or a name in a store is in. */
function neighboursOf(place: FileSource, options: CheckpointOptions): Checkpoint["beside"] {
  if (typeof place === "string" || place instanceof URL)
    return async (name) => {
      const { source } = await openCheckpoint(await neighbour(place, name), options).catch((cause) => {
        throw cause instanceof ArgumentError ? new DataError(cause.message, { cause }) : cause;
      });
      return source;
    };
  return "store" in place ? async (name) => ({ store: place.store, name: place.name.replace(/[^/]*$/, "") + name }) : undefined;
}

async function neighbour(place: string | URL, name: string): Promise<string | URL> {
  if (isFile(place)) return (await import("../core/file-node.js")).besideFile(place, name);
  return new URL(encodeURIComponent(name), new URL(place, globalThis.location?.href));
}
