/** A Keras model's JSON (Keras 2, Keras 3 and TF.js) as layers and the calls between them. */
import { FormatError, LimitError } from "../../../core/errors.js";
import { limits } from "../../../core/limits.js";
import { brief } from "../../../core/brief.js";
import { Fields } from "../../fields.js";

/** Output `tensor` of the call number `call` of a layer. */
export interface CallRef {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
}

/** What a call reads: an output of another, or a number, as in Keras 3's `x + 3`. */
export type Read = CallRef | number;

export const isCall = (read: Read): read is CallRef => typeof read !== "number";

export interface LayerConfig {
  readonly name: string;
  readonly type: string;
  readonly config: Fields;
  /** What each call of the layer reads. */
  readonly calls: readonly (readonly Read[])[];
  /** Where the layer is a model itself. */
  readonly model?: ModelConfig;
  /** What the first of `calls` is counted as: a model inside another may have been called by its own making before. */
  readonly firstCall: number;
}

export interface ModelConfig {
  readonly name: string;
  readonly layers: ReadonlyMap<string, LayerConfig>;
  readonly inputs: readonly CallRef[];
  readonly outputs: readonly CallRef[];
}

const mostNesting = 16;

/** Size of an input, the batch first; `undefined` where the model leaves it open. */
export type InputShape = readonly (number | undefined)[];

/** @throws {FormatError | LimitError} for what is no model */
export function readModelConfig(entry: Fields, depth = 0): ModelConfig {
  if (depth > mostNesting) entry.fail(`models are nested more than ${mostNesting} deep`);
  const type = entry.text("class_name");
  if (type === "Sequential") return sequential(entry, depth);
  if (isModel(type)) return functional(entry.fields("config", entry.where), depth);
  return entry.fail(`expected a Sequential or Functional model, got ${type}`);
}

const isModel = (type: string) => type === "Sequential" || type === "Functional" || type === "Model";

function sequential(entry: Fields, depth: number): ModelConfig {
  // Keras before 2.2.3 wrote the layers alone.
  const given = entry.get("config");
  const config = Array.isArray(given) ? new Fields({ layers: given }, entry.where, entry.file) : entry.fields("config", entry.where);
  const layers = new Map<string, LayerConfig>();
  let last: CallRef | undefined;
  for (const each of config.list("layers")) {
    const layer = readLayer(each, entry.file, depth, last ? [[last]] : []);
    if (layers.has(layer.name)) config.fail(`two layers are named "${layer.name}"`);
    layers.set(layer.name, layer);
    last = { layer: layer.name, call: 0, tensor: 0 };
  }
  const first = [...layers.values()].at(0);
  if (!first || !last) return config.fail("the model has no layers");
  if (first.type === "InputLayer")
    return { name: config.text("name", "sequential"), layers, inputs: [{ layer: first.name, call: 0, tensor: 0 }], outputs: [last] };
  // The first layer says the input's shape itself; it is given an input layer of that shape.
  const shape = inputShape(first) ?? shapeOf(config.get("build_input_shape"), config);
  if (!shape) return config.fail("the model does not say its input's shape");
  const input = `${first.name}_input`;
  if (layers.has(input)) config.fail(`two layers are named "${input}"`);
  const source: CallRef = { layer: input, call: 0, tensor: 0 };
  const inputConfig = new Fields({ batch_shape: shape }, `layer "${input}"`, entry.file);
  layers.set(input, { name: input, type: "InputLayer", config: inputConfig, calls: [], firstCall: 0 });
  layers.set(first.name, { ...first, calls: [[source]] });
  return { name: config.text("name", "sequential"), layers, inputs: [source], outputs: [last] };
}

function functional(config: Fields, depth: number): ModelConfig {
  const layers = new Map<string, LayerConfig>();
  for (const each of config.list("layers")) {
    const layer = readLayer(each, config.file, depth);
    if (layers.has(layer.name)) config.fail(`two layers are named "${layer.name}"`);
    layers.set(layer.name, layer);
  }
  const ends = (key: string) => {
    const list = config.list(key);
    // Keras 3 writes one end as it is, several as a list.
    const refs = (typeof list[0] === "string" ? [list] : list).map((each) => callRef(each, config));
    return refs.length > 0 ? refs : config.fail(`"${key}" is empty`);
  };
  const [inputs, outputs] = [ends("input_layers"), ends("output_layers")];
  const lowest = new Map<string, number>();
  for (const { layer, call } of [...outputs, ...[...layers.values()].flatMap(({ calls }) => calls.flat().filter(isCall))])
    lowest.set(layer, Math.min(call, lowest.get(layer) ?? call));
  for (const [name, layer] of layers) if (layer.model && lowest.get(name) === 1) layers.set(name, { ...layer, firstCall: 1 });
  return { name: config.text("name", "model"), layers, inputs, outputs };
}

function readLayer(value: unknown, file: string, depth: number, chained?: readonly (readonly CallRef[])[]): LayerConfig {
  const entry = new Fields(value, "tfjs: layer", file);
  const type = entry.text("class_name");
  const given = entry.get("config");
  const config = new Fields(Array.isArray(given) ? {} : given, `tfjs: layer "${entry.text("name", "")}"`, file);
  const name = entry.text("name", config.text("name", type));
  const named = new Fields(Array.isArray(given) ? {} : given, `tfjs: ${type} "${name}"`, file);
  return {
    name,
    type,
    config: named,
    firstCall: 0,
    calls: chained ?? entry.list("inbound_nodes", []).map((node) => readCall(node, named)),
    model: isModel(type) ? readModelConfig(new Fields(value, `tfjs: model "${name}"`, file), depth + 1) : undefined,
  };
}

/** What one call reads: lists of [layer, call, tensor, options], or Keras 3's arguments, numbers and tensors with their history. */
function readCall(node: unknown, config: Fields): Read[] {
  if (Array.isArray(node)) return (typeof node[0] === "string" ? [node] : node).map((each) => callRef(each, config));
  const found: Read[] = [];
  const collect = (value: unknown, depth: number) => {
    if (typeof value === "number") found.push(value);
    if (depth > 4 || typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) for (const each of value) collect(each, depth + 1);
    else {
      const tensor = new Fields(value, config.where, config.file);
      if (tensor.get("class_name") === "__keras_tensor__") found.push(callRef(tensor.fields("config").get("keras_history"), config));
    }
  };
  collect(new Fields(node, config.where, config.file).list("args"), 0);
  if (found.length > limits.graphNodes) throw new LimitError(`${config.where}: reads ${found.length} tensors (${config.file})`);
  return found;
}

function callRef(value: unknown, config: Fields): CallRef {
  const [layer, call, tensor] = Array.isArray(value) ? value : [];
  const isIndex = (index: unknown) => Number.isSafeInteger(index) && (index as number) >= 0;
  if (typeof layer !== "string" || !isIndex(call) || !isIndex(tensor))
    throw new FormatError(
      `${config.where}: expected [layer, call, tensor], got ${Array.isArray(value) ? `[${value.slice(0, 3).map(brief)}]` : brief(value)} (${config.file})`,
    );
  return { layer, call, tensor };
}

/** The input's shape that a layer states: its own, or that of the model that it is. */
export function inputShape({ config, model }: Pick<LayerConfig, "config" | "model">): InputShape | undefined {
  if (model) {
    const first = model.layers.get(model.inputs[0].layer);
    return first && inputShape(first);
  }
  return shapeOf(config.get("batch_shape") ?? config.get("batch_input_shape"), config);
}

function shapeOf(value: unknown, config: Fields): InputShape | undefined {
  if (value === undefined) return undefined;
  const fits = (size: unknown) => size === null || size === undefined || (Number.isSafeInteger(size) && (size as number) >= 0);
  if (!Array.isArray(value) || value.length === 0 || value.length > 8 || !value.every(fits)) return config.fail("an input's shape is no list of sizes");
  return value.map((size) => size ?? undefined);
}
