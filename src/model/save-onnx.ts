import { joined, until } from "../core/chunks.js";
import { ArgumentError } from "../core/errors.js";
import { type FileTarget, writeFile } from "../core/file-store.js";
import { inSlices } from "../core/slices.js";
import { constant, stored } from "../formats/onnx/constant.js";
import { exportOnnx } from "../formats/onnx/export/index.js";
import type { OnnxModel } from "../formats/onnx/read-model.js";
import { writeOnnx } from "../formats/onnx/write-model.js";
import type { Graph, Value } from "../graph/graph.js";
import type { Model, NamedTensor } from "./model.js";
import type { SaveOptions } from "./save.js";

/**
 * Writes a model as ONNX, or gives the bytes of the file where no target is given.
 *
 * @param metadata what its own file would say of it; the part that is ours goes along
 */
export async function saveOnnx(
  model: Model,
  target: FileTarget | undefined,
  metadata: Readonly<Record<string, string>>,
  { dtype, signal }: SaveOptions,
): Promise<Uint8Array | undefined> {
  const ours = new Map(Object.entries(metadata).filter(([key]) => key.startsWith("ocelli.")));
  const written: OnnxModel = { ...(await onnxOf(model, { dtype, signal })), metadata: ours };
  signal?.throwIfAborted();
  if (target === undefined) return joined(writeOnnx(written), signal);
  await writeFile(target, signal ? until(signal, writeOnnx(written)) : writeOnnx(written));
  return undefined;
}

/**
 * A model as an ONNX graph from preprocessed images x [batch, C, H, W] of its input size to logits [batch, classes].
 *
 * @param options.rewrite of the graph before it is written: may give it more outputs
 */
export async function onnxOf(
  model: Model,
  { dtype = "float32", signal, rewrite = (graph) => graph }: Pick<SaveOptions, "dtype" | "signal"> & { rewrite?: (graph: Graph) => Graph } = {},
): Promise<OnnxModel> {
  const { facts } = model;
  if (facts.quantized && dtype !== "float32") throw new ArgumentError(`save: a quantised model is int8 already, got dtype "${dtype}"`);
  const [height, width] = model.imageSize;
  const graphOf = (batch: number) => rewrite(model.graph({ batch, height, width }, "logits"));
  const parameters = await model.parameters({ signal });
  const bytes = new Set(model.session.keptValues().flatMap((value) => (value.dtype === "int8" ? value.name : [])));
  const kept = ({ name }: Value) => {
    const { shape, data } = parameters.get(name) as NamedTensor;
    return stored(constant(bytes.has(name) ? "int8" : dtype, shape, data));
  };
  return inSlices(exportOnnx({ graphOf, kept }), signal);
}
