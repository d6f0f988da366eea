/** Keras models, as TF.js keeps them, to an ONNX graph. */
import { FormatError, LimitError } from "../../../core/errors.js";
import { limits } from "../../../core/limits.js";
import type { Fields } from "../../fields.js";
import type { StoredTensor } from "../../onnx/constant.js";
import type { OnnxModel } from "../../onnx/read-model.js";
import { Draft } from "../../tensorflow/draft.js";
import { activationLayers } from "./activation.js";
import { type Flavour, type Layer, LayerCall, type LayerTensor } from "./call.js";
import { type CallRef, inputShape, isCall, type LayerConfig, type ModelConfig, type Read, readModelConfig } from "./config.js";
import { convolutions } from "./convolution.js";
import { imageLayers } from "./image.js";
import { merges } from "./merge.js";
import { normalizations } from "./normalization.js";
import { pools } from "./pooling.js";
import { shapeLayers } from "./shape.js";
import { LayerWeights } from "./weights.js";

const layers = new Map<string, Layer>(
  Object.entries({ ...convolutions, ...normalizations, ...activationLayers, ...pools, ...merges, ...shapeLayers, ...imageLayers }),
);

/** What every call of a conversion shares. */
interface Conversion {
  readonly draft: Draft;
  readonly weights: LayerWeights;
  readonly flavour: Flavour;
  /** Calls of layers so far: models that call each other could ask for any number of them. */
  calls: number;
}

/**
 * @param topology `{ class_name, config }`, or `{ model_config, keras_version }` with that inside
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export function convertLayersModel(topology: Fields, tensors: ReadonlyMap<string, StoredTensor>): { graph: OnnxModel; model: ModelConfig } {
  const { file } = topology;
  const version = topology.text("keras_version", "");
  const model = readModelConfig(topology.has("model_config") ? topology.fields("model_config", topology.where) : topology);
  const draft = new Draft("tfjs", file, version && `keras ${version}`);
  const flavour = version.startsWith("tfjs") ? "tfjs" : version.startsWith("3") ? "keras3" : "keras2";
  const conversion: Conversion = { draft, weights: new LayerWeights(draft, tensors), flavour, calls: 0 };
  const inputs = model.inputs.map(({ layer }) => {
    const shape = inputShape(model.layers.get(layer) ?? draft.fail(`the model's input "${layer}" is no layer`));
    if (!shape) return draft.fail(`the model's input "${layer}" does not say its shape`);
    return { ref: draft.input(layer, "float32", ["N", ...shape.slice(1)]), rank: shape.length };
  });
  const outputs = applyModel(model, inputs, conversion);
  return { graph: draft.finish(outputs.map(({ ref }, i) => ({ ref, name: model.outputs[i].layer }))), model };
}

/** What a model gives for these inputs: each call that its outputs need, once, after those that it reads. */
function applyModel(model: ModelConfig, inputs: readonly LayerTensor[], conversion: Conversion): LayerTensor[] {
  const fail = (message: string): never => {
    throw new FormatError(`tfjs: model "${model.name}": ${message} (${conversion.draft.file})`);
  };
  if (inputs.length !== model.inputs.length) fail(`expected ${model.inputs.length} inputs, got ${inputs.length}`);
  const keyOf = ({ layer, call }: CallRef) => `${call}/${layer}`;
  const results = new Map<string, readonly LayerTensor[]>();
  const result = (ref: CallRef) => results.get(keyOf(ref))?.[ref.tensor] ?? fail(`layer "${ref.layer}" has no output ${ref.tensor} of call ${ref.call}`);
  const input = (read: Read): LayerTensor => (isCall(read) ? result(read) : { ref: conversion.draft.scalar(read), rank: 0 });
  model.inputs.forEach((ref, i) => results.set(keyOf(ref), [inputs[i]]));
  const open = new Set<string>();
  const stack = [...model.outputs];
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const key = keyOf(top);
    if (results.has(key)) {
      stack.pop();
      continue;
    }
    const layer = model.layers.get(top.layer) ?? fail(`"${top.layer}" is no layer`);
    const reads = layer.calls[top.call - layer.firstCall] ?? fail(`layer "${top.layer}" has no call ${top.call}`);
    const missing = reads.filter(isCall).filter((ref) => !results.has(keyOf(ref)));
    if (missing.length === 0) {
      results.set(key, applyLayer(layer, reads.map(input), conversion));
      stack.pop();
    } else if (open.has(key)) fail(`layer "${top.layer}" reads what is made of its own output`);
    else {
      open.add(key);
      stack.push(...missing);
    }
  }
  return model.outputs.map(result);
}

function applyLayer({ name, type, config, model }: LayerConfig, inputs: readonly LayerTensor[], conversion: Conversion): readonly LayerTensor[] {
  if (++conversion.calls > limits.graphNodes)
    throw new LimitError(`tfjs: more than limits.graphNodes ${limits.graphNodes} calls of layers (${conversion.draft.file})`);
  if (model) return applyModel(model, inputs, conversion);
  const { draft, weights, flavour } = conversion;
  const layer = layers.get(type) ?? draft.unsupported(`layer "${name}" of type ${type}`);
  return [layer(new LayerCall(draft, name, config, inputs, flavour, weights))];
}
