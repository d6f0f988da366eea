/** The one file that knows how ONNX files are encoded: bytes in, a checked graph out. */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { FormatError, LimitError, UnsupportedOpError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import type { ElementType, StoredTensor } from "./constant.js";
import { elementType, Initializer, type ExternalData } from "./initializer.js";

export type AttributeValue = number | string | readonly number[] | readonly string[] | StoredTensor;

/** One operator of the graph. Absent optional inputs are empty names. */
export interface OnnxNode {
  readonly name: string;
  /** `Conv`; with its domain where that is not ONNX's own: `com.microsoft.QLinearAdd`. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** What a graph says of an input or output; a size it leaves open is a name or `undefined`. */
export interface OnnxTensorInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape?: readonly (number | string | undefined)[];
}

/** A model whose names are unique, whose nodes stand in an order they can run in, and whose functions are inlined. */
export interface OnnxModel {
  readonly file: string;
  readonly opset: number;
  readonly producer: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, StoredTensor>;
  /** Those that no initializer gives. */
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
  readonly metadata: ReadonlyMap<string, string>;
}

const oldestOpset = 1;
const newestOpset = 21;
/** Functions that call functions, so deep at most. */
const mostNesting = 16;

/**
 * @param options.external reads a file beside the model that holds tensors; without it such tensors are refused
 * @throws {FormatError} for bytes that are no such graph, {LimitError} above `limits`, {UnsupportedOpError} for another opset
 */
export function readOnnx(bytes: Uint8Array, file: string, { external }: { external?: ExternalData } = {}): OnnxModel {
  const model = parse(ModelProtoSchema, bytes, file);
  const opset = Number(model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 0);
  if (!(opset >= oldestOpset && opset <= newestOpset))
    throw new UnsupportedOpError(`onnx: expected opset ${oldestOpset} to ${newestOpset}, got ${opset || "none"} (${file})`);
  const graph = model.graph;
  if (!graph) throw new FormatError(`onnx: the file has no graph (${file})`);
  if (graph.sparseInitializer.length > 0) throw new UnsupportedOpError(`onnx: sparse initializers are not supported (${file})`);
  const reader = new GraphReader(file, model.functions);
  const initializers = readInitializers(graph, file, external);
  const inputs = graph.input.filter(({ name }) => !initializers.has(name)).map((info) => tensorInfo(info, file));
  const given = new Set<string>();
  for (const { name } of inputs) {
    if (given.has(name)) throw new FormatError(`onnx: "${name}" is an input twice (${file})`);
    given.add(name);
  }
  const nodes = sorted(reader.nodesOf(graph.node), [...initializers.keys(), ...given], file);
  const outputs = graph.output.map((info) => tensorInfo(info, file));
  if (outputs.length === 0) throw new FormatError(`onnx: the graph has no outputs (${file})`);
  const known = new Set([...initializers.keys(), ...given, ...nodes.flatMap((node) => node.outputs)]);
  for (const { name } of outputs) if (!known.has(name)) throw new FormatError(`onnx: no node makes the output "${name}" (${file})`);
  return {
    file,
    opset,
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" "),
    nodes,
    initializers,
    inputs,
    outputs,
    metadata: new Map(model.metadataProps.map(({ key, value }) => [key, value])),
  };
}

/** One tensor from a file of its own, as test data have. @throws {FormatError} for bytes that are no tensor */
export function readTensor(bytes: Uint8Array, file: string): Initializer {
  const tensor = parse(TensorProtoSchema, bytes, file);
  return new Initializer(tensor, tensor.name, file);
}

function parse<T extends DescMessage>(schema: T, bytes: Uint8Array, file: string): MessageShape<T> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw new FormatError(`onnx: not an ONNX file: ${(cause as Error).message} (${file})`, { cause });
  }
}

function readInitializers({ initializer }: GraphProto, file: string, external: ExternalData | undefined): Map<string, Initializer> {
  if (initializer.length > limits.tensors)
    throw new LimitError(`onnx: ${initializer.length} initializers, more than limits.tensors ${limits.tensors} (${file})`);
  const known = new Map<string, Initializer>();
  for (const tensor of initializer) {
    if (!tensor.name) throw new FormatError(`onnx: an initializer has no name (${file})`);
    if (known.has(tensor.name)) throw new FormatError(`onnx: two initializers are named "${tensor.name}" (${file})`);
    known.set(tensor.name, new Initializer(tensor, tensor.name, file, external));
  }
  refuseOverlaps(known, file);
  return known;
}

/** Tensors that share bytes of a file beside the model would make it larger than it is. */
function refuseOverlaps(initializers: ReadonlyMap<string, Initializer>, file: string): void {
  const places = [...initializers].flatMap(([name, { place }]) => (place && place.end > place.begin ? { name, ...place } : []));
  places.sort((a, b) => (a.location === b.location ? a.begin - b.begin : a.location < b.location ? -1 : 1));
  places.slice(1).forEach(({ name, location, begin }, i) => {
    const before = places[i];
    if (location === before.location && begin < before.end)
      throw new FormatError(`onnx: "${name}" begins at byte ${begin} of ${location}, inside "${before.name}", which ends at ${before.end} (${file})`);
  });
}

/** Nodes of a graph, in their order, with functions replaced by their bodies. */
class GraphReader {
  private readonly functions = new Map<string, FunctionProto>();
  private inlined = 0;
  private count = 0;

  constructor(
    private readonly file: string,
    functions: readonly FunctionProto[],
  ) {
    for (const each of functions) this.functions.set(qualified(each.domain, each.name), each);
  }

  nodesOf(nodes: readonly NodeProto[]): OnnxNode[] {
    return this.read(nodes, { rename: (name) => name, attributes: new Map(), depth: 0 });
  }

  private read(nodes: readonly NodeProto[], scope: FunctionScope): OnnxNode[] {
    return nodes.flatMap((node) => {
      if (++this.count > limits.graphNodes) throw new LimitError(`onnx: more than limits.graphNodes ${limits.graphNodes} nodes (${this.file})`);
      const op = qualified(node.domain, node.opType);
      const attributes = this.attributesOf(node, op, scope);
      const [inputs, outputs] = [node.input.map(scope.rename), node.output.map(scope.rename)];
      const body = this.functions.get(op);
      return body ? this.inline(body, op, { inputs, outputs, attributes, depth: scope.depth + 1 }) : [{ name: node.name, op, inputs, outputs, attributes }];
    });
  }

  private inline(
    body: FunctionProto,
    op: string,
    call: { inputs: string[]; outputs: string[]; attributes: Map<string, AttributeValue>; depth: number },
  ): OnnxNode[] {
    if (call.depth > mostNesting) throw new FormatError(`onnx: functions call each other more than ${mostNesting} deep, at ${op} (${this.file})`);
    const prefix = `${op}#${this.inlined++}/`;
    const names = new Map<string, string>();
    body.input.forEach((name, i) => names.set(name, call.inputs[i] ?? ""));
    body.output.forEach((name, i) => names.set(name, call.outputs[i] || prefix + name));
    const rename = (name: string) => (name ? (names.get(name) ?? prefix + name) : "");
    const defaults = new Map(body.attributeProto.map((attribute) => [attribute.name, this.valueOf(attribute, op)]));
    return this.read(body.node, { rename, attributes: new Map([...defaults, ...call.attributes]), depth: call.depth });
  }

  private attributesOf(node: NodeProto, op: string, scope: FunctionScope): Map<string, AttributeValue> {
    const attributes = new Map<string, AttributeValue>();
    for (const attribute of node.attribute) {
      if (attributes.has(attribute.name)) throw new FormatError(`onnx: ${op} "${node.name}" has two attributes "${attribute.name}" (${this.file})`);
      const value = attribute.refAttrName ? scope.attributes.get(attribute.refAttrName) : this.valueOf(attribute, `${op} "${node.name}"`);
      if (value !== undefined) attributes.set(attribute.name, value);
    }
    return attributes;
  }

  private valueOf(attribute: AttributeProto, where: string): AttributeValue {
    switch (attribute.type) {
      case AttributeType.FLOAT:
        return attribute.f;
      case AttributeType.INT:
        return Number(attribute.i);
      case AttributeType.STRING:
        return text(attribute.s);
      case AttributeType.FLOATS:
        return attribute.floats;
      case AttributeType.INTS:
        return attribute.ints.map(Number);
      case AttributeType.STRINGS:
        return attribute.strings.map(text);
      case AttributeType.TENSOR:
        if (attribute.t) return new Initializer(attribute.t, `${where} ${attribute.name}`, this.file);
    }
    throw new UnsupportedOpError(
      `onnx: ${where}: attribute "${attribute.name}" of type ${AttributeType[attribute.type] ?? attribute.type} is not supported (${this.file})`,
    );
  }
}

interface FunctionScope {
  readonly rename: (name: string) => string;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly depth: number;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const qualified = (domain: string, name: string) => (domain === "" || domain === "ai.onnx" ? name : `${domain}.${name}`);

function tensorInfo({ name, type }: ValueInfoProto, file: string): OnnxTensorInfo {
  if (type?.value.case !== "tensorType")
    throw new UnsupportedOpError(`onnx: "${name}" is a ${type?.value.case ?? "value of unknown type"}, not a tensor (${file})`);
  const { elemType, shape } = type.value.value;
  return {
    name,
    type: elementType(elemType, name, file),
    shape: shape?.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : value.case === "dimParam" ? value.value : undefined)),
  };
}

/** Nodes in an order in which each comes after those it reads. @throws {FormatError} for cycles, missing and doubled names */
function sorted(nodes: readonly OnnxNode[], given: readonly string[], file: string): OnnxNode[] {
  const maker = new Map<string, OnnxNode>();
  const ready = new Set(given);
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (!name) continue;
      if (maker.has(name) || ready.has(name)) throw new FormatError(`onnx: "${name}" is made twice, the second time by ${node.op} "${node.name}" (${file})`);
      maker.set(name, node);
    }
  }
  const state = new Map<OnnxNode, "open" | "done">();
  const order: OnnxNode[] = [];
  for (const root of nodes) {
    // Depth first with a stack of our own: a file may chain more nodes than the call stack holds.
    const stack = [{ node: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next === 0) {
        if (state.get(top.node) === "done") {
          stack.pop();
          continue;
        }
        state.set(top.node, "open");
      }
      if (top.next === top.node.inputs.length) {
        state.set(top.node, "done");
        order.push(top.node);
        stack.pop();
        continue;
      }
      const name = top.node.inputs[top.next++];
      if (!name || ready.has(name)) continue;
      const from = maker.get(name);
      if (!from) throw new FormatError(`onnx: ${top.node.op} "${top.node.name}" reads "${name}", which nothing makes (${file})`);
      if (state.get(from) === "open") throw new FormatError(`onnx: ${from.op} "${from.name}" reads what is made of its own output "${name}" (${file})`);
      if (!state.has(from)) stack.push({ node: from, next: 0 });
    }
  }
  return order;
}
