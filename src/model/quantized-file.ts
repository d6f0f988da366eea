import type { Quantization } from "../core/dtype.js";
import { FormatError } from "../core/errors.js";
import type { SafetensorsFile, TensorToWrite } from "../formats/safetensors/index.js";
import type { Value } from "../graph/graph.js";
import { mostByte } from "../ops/lowering/quantized.js";
import type { Activations } from "./graphs.js";

/** An activation's quantisation is two scalars: `features.0.0.output_scale` and `features.0.0.output_zero_point`. */
const scaleOf = (name: string) => `${name}_scale`;
const zeroPointOf = (name: string) => `${name}_zero_point`;
const zeroPointName = /^(.+)_zero_point$/;

export function activationTensors(activations: Activations): TensorToWrite[] {
  return [...activations].flatMap(([name, { scale, zeroPoint }]) => [
    { name: scaleOf(name), dtype: "F32" as const, shape: [], data: Float32Array.of(scale) },
    { name: zeroPointOf(name), dtype: "U8" as const, shape: [], data: Uint8Array.of(zeroPoint) },
  ]);
}

/** Whether a tensor of a file is part of an activation's quantisation. */
export function isActivationTensor({ tensors }: SafetensorsFile, name: string): boolean {
  return zeroPointName.test(name) || (name.endsWith("_scale") && tensors.has(zeroPointOf(name.replace(/_scale$/, ""))));
}

/** The activations' quantisation in a file with int8 weights; undefined for other files. @throws {FormatError} for numbers that are none */
export async function readActivations(file: SafetensorsFile): Promise<Activations | undefined> {
  if (![...file.tensors.values()].some(({ dtype }) => dtype === "I8")) return undefined;
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
  return activations;
}

/** Checks what a file gives for a kept tensor. @throws {FormatError} for weights of another type, and for scales that are no positive numbers */
export function checkQuantized({ tensors, name: file }: SafetensorsFile, { name, dtype }: Value, data: Float32Array): void {
  const stored = tensors.get(name)?.dtype;
  if (dtype === "int8" && stored !== "I8") throw new FormatError(`load: tensor "${name}" expects I8, got ${stored} (${file})`);
  const wrong = name.endsWith("weight_scale") ? data.find((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY)) : undefined;
  if (wrong !== undefined) throw new FormatError(`load: tensor "${name}" expects scales above 0, got ${wrong} (${file})`);
}
