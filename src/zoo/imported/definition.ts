import { FormatError } from "../../core/errors.js";
import { type Shape, sizeOf } from "../../core/shape.js";
import type { StoredTensor } from "../../formats/onnx/constant.js";
import { type OnnxModel, readOnnx } from "../../formats/onnx/read-model.js";
import { onnxBytes } from "../../formats/onnx/write-model.js";

/**
 * A graph without its weights, as an ONNX file: what else it needs to know is inside, and the weights are inputs of their names and shapes
 * behind its own. It is what our own file keeps of an imported network beside the weights.
 *
 * @param parameters initializers that are weights
 */
export function definitionBytes(model: OnnxModel, parameters: ReadonlySet<string>): Uint8Array {
  const weights = [...model.initializers].filter(([name]) => parameters.has(name));
  return onnxBytes({
    ...model,
    inputs: [...model.inputs, ...weights.map(([name, { type, shape }]) => ({ name, type, shape }))],
    initializers: new Map([...model.initializers].filter(([name]) => !parameters.has(name))),
    metadata: new Map(),
  });
}

/**
 * The graph again: its weights are initializers of known shape whose numbers are elsewhere.
 *
 * @param count inputs that are not weights
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export function readDefinition(bytes: Uint8Array, file: string, count = 1): { graph: OnnxModel; weights: ReadonlyMap<string, Shape> } {
  const model = readOnnx(bytes, file);
  const weights = new Map<string, Shape>();
  const initializers = new Map<string, StoredTensor>(model.initializers);
  for (const { name, type, shape } of model.inputs.slice(count)) {
    const isComplete = (sizes: typeof shape): sizes is number[] => sizes?.every((size) => Number.isSafeInteger(size) && (size as number) >= 0) ?? false;
    if (!isComplete(shape)) throw new FormatError(`load: "${name}" expects a shape of whole sizes (${file})`);
    sizeOf(shape); // throws above the limit
    weights.set(name, shape);
    const decode = () => {
      throw new FormatError(`load: the graph computes with the numbers of "${name}" before it has them (${file})`);
    };
    initializers.set(name, { type, shape, decode });
  }
  return { graph: { ...model, inputs: model.inputs.slice(0, count), initializers }, weights };
}
