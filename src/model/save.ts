import { unlessAborted } from "../core/abort.js";
import { ArgumentError } from "../core/errors.js";
import { type FileTarget, writeFile } from "../core/file-store.js";
import {
  safetensorsChunks,
  type TensorToWrite,
  writeSafetensors,
  type SafetensorsDtype,
  float32ToBfloat16,
  float32ToFloat16,
} from "../formats/safetensors/index.js";
import { inPieces } from "../core/slices.js";
import { toBase64 } from "../core/base64.js";
import { counterNames } from "../nn/state-dict.js";
import { metadataKeys } from "./metadata.js";
import type { Model } from "./model.js";

export interface SaveOptions {
  /** `safetensors` (PyTorch's names and layouts), or `onnx` (opset 17, to run elsewhere). Default by the name's ending, `.onnx`, else safetensors. */
  readonly format?: "safetensors" | "onnx";
  /** Storage of weights: `float32` (default, exact), or half the size with 11 or 8 bits of precision. */
  readonly dtype?: "float32" | "float16" | "bfloat16";
  /** Where the weights come from and under which terms, for people; default what the model's own file said. */
  readonly notes?: Readonly<Record<string, string>>;
  /** How the model was trained, as a recipe's JSON: kept in the file's metadata as `ocelli.recipe`. Default none. */
  readonly recipe?: string;
  /** Stops writing; what was there before stays. */
  readonly signal?: AbortSignal;
}

/** Writes a model, or gives the bytes of the file where no target is given. */
export async function saveModel(model: Model, target: FileTarget | undefined, options: SaveOptions = {}): Promise<Uint8Array | undefined> {
  const { format = /\.onnx$/i.test(nameOf(target)) ? "onnx" : "safetensors", signal } = options;
  signal?.throwIfAborted();
  const metadata = fileMetadata(model, options);
  if (format === "onnx") {
    const { saveOnnx } = await import("./save-onnx.js");
    const { [metadataKeys.graph]: _, ...ours } = metadata; // the file is a graph itself
    return saveOnnx(model, target, ours, options);
  }
  if (format !== "safetensors") throw new ArgumentError(`save: format expected safetensors or onnx, got ${JSON.stringify(format)}`);
  const tensors = await fileTensors(model, options);
  const written = { sha256: true, signal };
  if (target === undefined) return unlessAborted(writeSafetensors(tensors, metadata, written), signal);
  await writeFile(target, safetensorsChunks(tensors, metadata, written));
  return undefined;
}

const nameOf = (target: FileTarget | undefined) => (typeof target === "object" && "store" in target ? target.name : String(target));

export function fileMetadata(
  { facts, architecture, labels, calibration }: Model,
  { notes = facts.notes ?? {}, recipe }: SaveOptions = {},
): Record<string, string> {
  return {
    format: "pt",
    [metadataKeys.architecture]: JSON.stringify({ name: architecture.name, options: architecture.options }),
    [metadataKeys.labels]: JSON.stringify(labels),
    ...(facts.preprocessing && { [metadataKeys.preprocessing]: JSON.stringify(facts.preprocessing) }),
    [metadataKeys.notes]: JSON.stringify(notes),
    ...(calibration && { [metadataKeys.calibration]: JSON.stringify(calibration) }),
    ...(recipe !== undefined && { [metadataKeys.recipe]: recipe }),
    ...(architecture.definition && { [metadataKeys.graph]: toBase64(architecture.definition(labels.length)) }),
  };
}

/** Parameters and running statistics, with PyTorch's `num_batches_tracked` beside each running mean, and its indices. */
export async function fileTensors(model: Model, { dtype = "float32", signal }: SaveOptions = {}): Promise<TensorToWrite[]> {
  const tensors: TensorToWrite[] = [];
  const parameters = await model.parameters({ signal });
  const { quantized } = model.facts;
  if (quantized && dtype !== "float32") throw new ArgumentError(`save: a quantised model is int8 already, got dtype "${dtype}"`);
  const bytes = new Set(model.session.keptValues().flatMap((value) => (value.dtype === "int8" ? value.name : [])));
  for (const [name, { shape, data }] of parameters)
    tensors.push({ name, shape, ...(bytes.has(name) ? { dtype: "I8", data: Int8Array.from(data) } : await encode(data, dtype, signal)) });
  if (quantized) tensors.push(...quantized.tensors());
  for (const name of counterNames(parameters.keys())) tensors.push({ name, dtype: "I64", shape: [], data: BigInt64Array.of(BigInt(model.batchesTracked)) });
  for (const [name, data] of model.architecture.indices ?? []) tensors.push({ name, dtype: "I64", shape: [data.length], data });
  return tensors;
}

interface Encoded {
  readonly dtype: SafetensorsDtype;
  readonly data: Float32Array | Uint16Array;
}

async function encode(data: Float32Array, dtype: NonNullable<SaveOptions["dtype"]>, signal: AbortSignal | undefined): Promise<Encoded> {
  const half = (round: (values: Float32Array) => Uint16Array) =>
    inPieces(new Uint16Array(data.length), data.length, (from, to) => round(data.subarray(from, to)), signal);
  if (dtype === "float32") return { dtype: "F32", data };
  if (dtype === "float16") return { dtype: "F16", data: await half(float32ToFloat16) };
  if (dtype === "bfloat16") return { dtype: "BF16", data: await half(float32ToBfloat16) };
  throw new ArgumentError(`save: dtype expected float32, float16 or bfloat16, got "${dtype}"`);
}
