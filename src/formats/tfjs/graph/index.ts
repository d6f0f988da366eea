/** TensorFlow graphs, as TF.js keeps them, to an ONNX graph. */
import { FormatError, LimitError } from "../../../core/errors.js";
import { limits } from "../../../core/limits.js";
import { Fields } from "../../fields.js";
import type { ElementType, StoredTensor } from "../../onnx/constant.js";
import type { OnnxModel, OnnxTensorInfo } from "../../onnx/read-model.js";
import { Dilations } from "../../tensorflow/dilation.js";
import { Draft, type DraftOutput, type Ref } from "../../tensorflow/draft.js";
import { elementwise } from "../../tensorflow/elementwise.js";
import { type Convert, type GraphNode, NodeCall } from "./node.js";
import { products } from "./products.js";
import { shapeOperators } from "./shapes.js";

const operators = new Map<string, Convert>(Object.entries({ ...products, ...shapeOperators }));

/** TensorFlow's other names of operators on elements. */
const synonyms = new Map([
  ["AddV2", "Add"],
  ["RealDiv", "Div"],
  ["SelectV2", "Select"],
  ["Snapshot", "Identity"],
  ["StopGradient", "Identity"],
  ["PreventGradient", "Identity"],
  ["EnsureShape", "Identity"],
  ["CheckNumerics", "Identity"],
  ["Print", "Identity"],
  ["PlaceholderWithDefault", "Identity"],
  // TF.js leaves the numbers alone, as do we.
  ["FakeQuantWithMinMaxVars", "Identity"],
]);

/**
 * @param topology `{ node, versions }`
 * @param json all of model.json, for the names of inputs and outputs in its `signature`
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export function convertGraphModel(topology: Fields, json: Fields, tensors: ReadonlyMap<string, StoredTensor>): OnnxModel {
  const { file } = topology;
  const nodes = readNodes(topology);
  const draft = new Draft("tfjs", file, json.text("generatedBy", ""));
  const dilations = new Dilations(draft);
  const results = new Map<string, readonly Ref[]>();
  const signature = signatureOf(json);
  for (const node of nodes.values()) if (node.op === "Placeholder") results.set(node.name, [draft.input(node.name, ...inputType(node, signature))]);

  const outputs = outputsOf(nodes, signature, file);
  for (const node of ordered(nodes, outputs, file)) {
    if (results.has(node.name)) continue;
    if (node.op === "Const") {
      const tensor = tensors.get(node.name) ?? draft.fail(`there is no weight for the constant "${node.name}"`);
      results.set(node.name, [draft.constant(node.name, tensor)]);
      continue;
    }
    const inputs = node.inputs.map(
      ({ node: name, output }) =>
        results.get(name)?.[output] ?? draft.fail(`${node.op} "${node.name}" reads output ${output} of "${name}", which it does not have`),
    );
    results.set(node.name, convert(new NodeCall(draft, node, inputs, dilations)));
  }
  return draft.finish(
    outputs.map(({ node, output, name }): DraftOutput => {
      const ref = results.get(node)?.[output] ?? draft.fail(`the output "${name}" is output ${output} of "${node}", which it does not have`);
      dilations.refuse([ref], `the output "${name}"`);
      return { ref, name };
    }),
  );
}

function convert(call: NodeCall): readonly Ref[] {
  const { op } = call.node;
  const simple = elementwise.get(synonyms.get(op) ?? op);
  if (simple) return [call.dilations.follow(call.inputs, simple(call.draft, call.inputs, call.where))];
  if (op === "IdentityN") return call.inputs;
  const operator = operators.get(op) ?? call.draft.unsupported(`node "${call.node.name}" of type ${op}`);
  if (!windowed.has(op)) call.dilations.refuse(call.inputs, call.where);
  return [operator(call)].flat();
}

/** Operators that say themselves what they make of images whose pixels lie apart. */
const windowed = new Set(["Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative", "BiasAdd", "LeakyRelu", "BatchToSpaceND"]);

function readNodes(topology: Fields): Map<string, GraphNode> {
  const { file } = topology;
  const list = topology.list("node");
  if (list.length > limits.graphNodes) throw new LimitError(`tfjs: ${list.length} nodes, more than limits.graphNodes ${limits.graphNodes} (${file})`);
  const nodes = new Map<string, GraphNode>();
  for (const each of list) {
    const fields = new Fields(each, "tfjs: node", file);
    const [name, op] = [fields.text("name"), fields.text("op")];
    if (nodes.has(name)) throw new FormatError(`tfjs: two nodes are named "${name}" (${file})`);
    // "^name" only says what runs first.
    const inputs = fields.list("input", []).filter((input) => !(typeof input === "string" && input.startsWith("^")));
    const where = `tfjs: ${op} "${name}"`;
    nodes.set(name, {
      name,
      op,
      inputs: inputs.map((input) => readEnd(input, where, file)),
      attributes: new Fields(fields.get("attr") ?? {}, where, file),
    });
  }
  return nodes;
}

/** `name` or `name:output`. */
function readEnd(value: unknown, where: string, file: string): { node: string; output: number } {
  if (typeof value !== "string") throw new FormatError(`${where}: expected the name of a tensor (${file})`);
  const [node, output = "0", ...more] = value.split(":");
  if (!/^\d{1,6}$/.test(output) || more.length > 0)
    throw new FormatError(`${where}: expected the name of a tensor, got ${JSON.stringify(value.slice(0, 80))} (${file})`);
  return { node, output: Number(output) };
}

/** Names that callers use, where the file has them. */
function signatureOf(json: Fields): Fields | undefined {
  if (json.has("signature")) return json.fields("signature");
  const user = json.has("userDefinedMetadata") ? json.fields("userDefinedMetadata") : undefined;
  return user?.has("signature") ? user.fields("signature") : undefined;
}

interface Output {
  readonly node: string;
  readonly output: number;
  readonly name: string;
}

/** The signature's outputs, else what no node reads. */
function outputsOf(nodes: ReadonlyMap<string, GraphNode>, signature: Fields | undefined, file: string): Output[] {
  const named = signature?.has("outputs") ? signature.fields("outputs") : undefined;
  const outputs = (named?.keys() ?? []).map((name) => ({ ...readEnd((named as Fields).fields(name).get("name") ?? name, "tfjs: signature", file), name }));
  if (outputs.length > 0) return outputs;
  const read = new Set([...nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  const ends = [...nodes.values()].filter(({ name, op }) => !read.has(name) && op !== "Const" && op !== "Placeholder" && op !== "NoOp");
  if (ends.length === 0) throw new FormatError(`tfjs: the graph has no outputs (${file})`);
  return ends.map(({ name }) => ({ node: name, output: 0, name }));
}

const inputTypes = new Map<unknown, ElementType>([
  ["DT_FLOAT", "float32"],
  ["DT_INT32", "int64"],
  ["DT_BOOL", "bool"],
]);

function inputType(node: GraphNode, signature: Fields | undefined): [ElementType, OnnxTensorInfo["shape"]] {
  const { attributes } = node;
  const code = attributes.has("dtype") ? attributes.fields("dtype").get("type") : "DT_FLOAT";
  const type = inputTypes.get(code) ?? attributes.fail(`an input of type ${String(code).slice(0, 40)} is not supported`);
  const inputs = signature?.has("inputs") ? signature.fields("inputs") : undefined;
  const known = inputs
    ?.keys()
    .map((key) => (inputs as Fields).fields(key))
    .find((each) => String(each.get("name")).split(":")[0] === node.name);
  const stated = attributes.has("shape") ? attributes.fields("shape").get("shape") : undefined;
  return [type, shapeOf(known?.get("tensorShape")) ?? shapeOf(stated)];
}

/** Sizes of protobuf's JSON, where all are there; -1 is a size that is left open. */
function shapeOf(value: unknown): OnnxTensorInfo["shape"] {
  const dims = typeof value === "object" && value !== null && Object.hasOwn(value, "dim") ? (value as { dim: unknown }).dim : undefined;
  if (!Array.isArray(dims) || dims.length === 0 || dims.length > 8) return undefined;
  const sizes = dims.map((dim) => Number((dim as { size?: unknown } | null)?.size ?? -1));
  if (!sizes.every(Number.isSafeInteger)) return undefined;
  return sizes.map((size, axis) => (size >= 0 && (axis > 0 || size > 1) ? size : axis === 0 ? "N" : undefined));
}

/** Nodes that the outputs need, each after those that it reads. @throws {FormatError} for circles and missing nodes */
function ordered(nodes: ReadonlyMap<string, GraphNode>, outputs: readonly Output[], file: string): GraphNode[] {
  const order: GraphNode[] = [];
  const state = new Map<string, "open" | "done">();
  const stack = outputs.map(({ node }) => node);
  while (stack.length > 0) {
    const name = stack[stack.length - 1];
    const node = nodes.get(name);
    if (!node) throw new FormatError(`tfjs: there is no node "${name}" (${file})`);
    const missing = state.get(name) === "done" ? [] : node.inputs.filter((input) => state.get(input.node) !== "done");
    if (missing.length === 0) {
      if (state.get(name) !== "done") order.push(node);
      state.set(name, "done");
      stack.pop();
    } else if (state.get(name) === "open") throw new FormatError(`tfjs: ${node.op} "${name}" reads what is made of its own output (${file})`);
    else {
      state.set(name, "open");
      stack.push(...missing.map((input) => input.node));
    }
  }
  return order;
}
