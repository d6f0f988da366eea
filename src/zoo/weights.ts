import type { Shape } from "../core/shape.js";
import type { SafetensorsFile } from "../formats/safetensors/index.js";
import type { Value } from "../graph/graph.js";
import type { Quantized } from "../model/quantized.js";

/** A network's tensors in some file, by the names and in the layouts of checkpoints. */
export interface Weights {
  /** The file, for messages. */
  readonly file: string;
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Numbers of the named tensors, in the order of the file; each array until the next is asked for. */
  read(names: Iterable<string>): AsyncIterable<readonly [name: string, data: Float32Array]>;
  /** What makes the model a quantised one. */
  readonly quantized?: Quantized;
  /** @throws {FormatError} where the file's numbers cannot be those of a kept tensor */
  check?(value: Value, data: Float32Array): void;
}

/** The network's tensors of a safetensors file; a trainer's checkpoint has its own besides. */
export async function safetensorsWeights(file: SafetensorsFile): Promise<Weights> {
  const isQuantized = [...file.tensors.values()].some(({ dtype }) => dtype === "I8");
  const form = isQuantized ? await import("../model/quantized.js") : undefined;
  const isOther = (name: string) =>
    name.startsWith("optimizer.") || name.startsWith("best.") || name.startsWith("training.") || form?.isActivationTensor(file, name);
  return {
    file: file.name,
    shapes: new Map([...file.tensors].filter(([name]) => !isOther(name)).map(([name, { shape }]) => [name, shape])),
    read: (names) => file.readAllFloat32(names),
    quantized: await form?.readQuantized(file),
    check: form && ((value, data) => form.checkQuantized(file, value, data)),
  };
}
