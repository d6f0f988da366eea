import type { Quantization } from "../core/dtype.js";
import { FormatError } from "../core/errors.js";
import type { SafetensorsFile, TensorToWrite } from "../formats/safetensors/index.js";
import type { Value } from "../graph/graph.js";
import { mostByte } from "../ops/lowering/quantized.js";
import type { Graph } from "../graph/graph.js";
import { fuse } from "../plan/passes.js";
import { quantizeGraph } from "../plan/quantize.js";

/** Quantisation of a network's activations by name, as `plan/quantize.ts` names them. */
export type Activations = ReadonlyMap<string, Quantization>;

/** What makes a model a quantised one. Its code is loaded with the first such model. */
export interface Quantized {
  /** An inference graph with its layers on bytes. */
  rewrite(graph: Graph): Graph;
  /** What a file keeps besides parameters. */
  tensors(): TensorToWrite[];
}

export function quantizedBy(activations: Activations): Quantized {
  const activation = (name: string) => {
    const found = activations.get(name);
    if (!found) throw new FormatError(`this quantised model does not say how "${name}" is quantised`);
    return found;
  };
  return { rewrite: (graph) => quantizeGraph(fuse(graph), { activation }), tensors: () => activationTensors(activations) };
}

/** An activation's quantisation is two scalars: `features.0.0.output_scale` and `features.0.0.output_zero_point`. */
const scaleOf = (name: string) => `${name}_scale`;
const zeroPointOf = (name: string) => `${name}_zero_point`;
const zeroPointName = /^(.+)_zero_point$/;

function activationTensors(activations: Activations): TensorToWrite[] {
  return [...activations].flatMap(([name, { scale, zeroPoint }]) => [
    { name: scaleOf(name), dtype: "F32" as const, shape: [], data: Float32Array.of(scale) },
    { name: zeroPointOf(name), dtype: "U8" as const, shape: [], data: Uint8Array.of(zeroPoint) },
  ]);
}

/** Whether a tensor of a file is part of an activation's quantisation. */
export function isActivationTensor({ tensors }: SafetensorsFile, name: string): boolean {
  return zeroPointName.test(name) || (name.endsWith("_scale") && tensors.has(zeroPointOf(name.replace(/_scale$/, ""))));
}

/** Reads what makes the model of a file with int8 weights. @throws {FormatError} for numbers that are none */
export async function readQuantized(file: SafetensorsFile): Promise<Quantized> {
  const activations = new Map<string, Quantization>();
  for (const key of file.tensors.keys()) {
    const [, name] = zeroPointName.exec(key) ?? [];
    if (name === undefined) continue;
    if (!file.tensors.has(scaleOf(name))) throw new FormatError(`load: "${key}" has no "${scaleOf(name)}" beside it (${file.name})`);
    const [scale] = await file.readFloat32(scaleOf(name));
    const [zeroPoint] = await file.readFloat32(key);
    if (!(scale > 0 && scale < Number.POSITIVE_INFINITY && Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= mostByte))
      throw new FormatError(`load: "${name}" expects a scale above 0 and a zero point of 0 to ${mostByte}, got ${scale} and ${zeroPoint} (${file.name})`);
    activations.set(name, { scale, zeroPoint });
  }
  return quantizedBy(activations);
}

/** Checks what a file gives for a kept tensor. @throws {FormatError} for weights of another type, and for scales that are no positive numbers */
export function checkQuantized({ tensors, name: file }: SafetensorsFile, { name, dtype }: Value, data: Float32Array): void {
  const stored = tensors.get(name)?.dtype;
  if (dtype === "int8" && stored !== "I8") throw new FormatError(`load: tensor "${name}" expects I8, got ${stored} (${file})`);
  const wrong = name.endsWith("weight_scale") ? data.find((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY)) : undefined;
  if (wrong !== undefined) throw new FormatError(`load: tensor "${name}" expects scales above 0, got ${wrong} (${file})`);
}
