import type { Quantization } from "../../../core/dtype.js";
import { UnsupportedOpError } from "../../../core/errors.js";
import { formatShape, sameShape, type Shape } from "../../../core/shape.js";
import type { Graph, Node, Value } from "../../../graph/graph.js";
import { constant, type Constant, type ElementType, type Elements, integers, stored, type StoredTensor } from "../constant.js";
import type { AttributeValue, OnnxNode } from "../read-model.js";
import { Literals } from "./literals.js";

/** A value of our graph in ONNX's: its axis i there is axis `order[i]` here. */
export interface Exported {
  readonly name: string;
  readonly order: readonly number[];
}

/** Channels first: what ONNX's convolutions, pools and norms want of our [N, H, W, C]. */
export const channelsFirst = [0, 3, 1, 2];
/** Of our convolution weights [kh, kw, in, out]: [out, in, kh, kw]. */
export const outputsFirst = [3, 2, 0, 1];

/** Numbers of element types in `Cast`: `TensorProto.FLOAT`, `INT64` and `BOOL`. */
export const floatType = 1;
export const longType = 7;
export const boolType = 9;

export const inOrder = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);
/** The last two axes in each other's place. */
export const swapped = (rank: number): number[] => [...inOrder(rank - 2), rank - 1, rank - 2];
const permuted = (shape: Shape, order: readonly number[]) => order.map((axis) => shape[axis]);

/** Writes one node; its op's first output is then known to the writer. */
export type WriteNode = (write: GraphWriter, node: Node) => void;

/** Collects ONNX nodes and initializers while a graph of ours is walked, and knows where each of its values went. */
export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, StoredTensor>();
  private readonly known = new Map<Value, Exported>();
  private readonly turned = new Map<string, Exported>();
  private readonly names = new Set<string>();
  private readonly literals = new Literals();
  /** The node being written. */
  private node?: Node;

  /**
   * @param kept numbers of a parameter or running statistic in its layout in files
   * @param twin the same network for another number of images; sizes that differ there follow the batch
   */
  constructor(
    private readonly graph: Graph,
    private readonly twin: Graph,
    private readonly kept: (value: Value) => StoredTensor,
  ) {
    for (const name of [...graph.kept.keys(), ...graph.inputs.keys(), ...graph.outputs.keys()]) this.names.add(name);
  }

  begin(node: Node): void {
    this.node = node;
  }

  set(value: Value, exported: Exported): void {
    this.known.set(value, exported);
  }

  /** A value as it came to be: in whatever order of axes. */
  get(value: Value): Exported {
    const found = this.known.get(value);
    if (found) return found;
    const made = this.keep(value);
    this.known.set(value, made);
    return made;
  }

  /** The name of a value with its axes in `order` (default our own), transposed where need be. */
  name(value: Value, order: readonly number[] = inOrder(value.shape.length)): string {
    return this.ordered(this.get(value), order);
  }

  private ordered({ name, order: now }: Exported, order: readonly number[]): string {
    if (sameShape(now, order)) return name;
    const key = `${name}|${order}`;
    const turned = this.turned.get(key) ?? { name: this.add("Transpose", [name], { perm: order.map((axis) => now.indexOf(axis)) }), order };
    this.turned.set(key, turned);
    return turned.name;
  }

  /** The name of the floats that a value is, or that its bytes stand for: by another quantisation than their own where one is given. */
  floats(value: Value, order?: readonly number[], quantization = value.quantization): string {
    const name = this.name(value, order);
    return quantization ? this.add("DequantizeLinear", [name, ...this.steps(quantization)]) : name;
  }

  /** The name of the whole numbers that an int8 weight is kept as, as floats. */
  wholes(weight: Value, order: readonly number[]): string {
    this.initializers.set(weight.name, this.kept(weight));
    return this.ordered(this.arranged(weight, this.add("DequantizeLinear", [weight.name, this.scalar(1), this.scalar(0, "int8")])), order);
  }

  /** The numbers of a parameter. */
  numbers(value: Value): Elements {
    return this.kept(value).decode().data;
  }

  /** Scale and zero point of bytes. */
  steps({ scale, zeroPoint }: Quantization): [scale: string, zeroPoint: string] {
    return [this.scalar(scale), this.scalar(zeroPoint, "uint8")];
  }

  /** An initializer under its own name; under another where a layer that is called twice has other numbers the second time. */
  own(name: string, tensor: Constant): string {
    if (this.initializers.has(name)) return this.literal(tensor);
    this.initializers.set(name, stored(tensor));
    return name;
  }

  /** Sizes of a value in `order`; `undefined` where they follow the batch. */
  sizes(value: Value, order: readonly number[] = inOrder(value.shape.length)): (number | undefined)[] {
    const { shape } = this.twin.values[value.id];
    return order.map((axis) => (shape[axis] === value.shape[axis] ? value.shape[axis] : undefined));
  }

  /** A shape input for a value: -1 for the one size that follows the batch. */
  target(value: Value, order?: readonly number[]): string {
    const sizes = this.sizes(value, order).map((size) => size ?? -1);
    if (sizes.filter((size) => size === -1).length > 1) this.unsupported(`${formatShape(value.shape)} follows the batch in more than one axis`);
    return this.literal(integers(sizes));
  }

  /** Adds a node with one output and gives its name. Inputs that are absent are empty. */
  add(op: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    const name = this.unique(`${this.node?.scope ? `${this.node.scope}.` : ""}${op}`);
    this.nodes.push({ name, op, inputs, outputs: [name], attributes: new Map(Object.entries(attributes)) });
    return name;
  }

  /** Adds a node with two outputs. */
  addPair(op: string, inputs: readonly string[], attributes: Record<string, AttributeValue>): [string, string] {
    const first = this.add(op, inputs, attributes);
    const second = this.unique(`${first}.1`);
    const node = this.nodes.pop() as OnnxNode;
    this.nodes.push({ ...node, outputs: [first, second] });
    return [first, second];
  }

  /** The shape of a value as an input of Expand, with sizes that follow the batch made of the graph's own input. */
  shapeOf(value: Value): string {
    const sizes = this.sizes(value);
    if (sizes.every((size) => size !== undefined)) return this.literal(integers(sizes as number[]));
    const [image] = this.graph.inputs.values();
    const batch = this.add("Gather", [this.add("Shape", [this.get(image).name]), this.literal(integers([0]))], { axis: 0 });
    const each = sizes.map((size, axis) => {
      if (size !== undefined) return this.literal(integers([size]));
      const share = value.shape[axis] / image.shape[0];
      return share === 1 ? batch : this.add("Mul", [batch, this.literal(integers([share]))]);
    });
    return this.add("Concat", each, { axis: 0 });
  }

  /** Adds a node for the first output of the node being written. */
  result(op: string, inputs: readonly string[], attributes: Record<string, AttributeValue>, order: readonly number[]): void {
    this.set(this.output, { name: this.add(op, inputs, attributes), order });
  }

  /** The first output of the node being written. */
  get output(): Value {
    const { tensors, outputNames } = this.node as Node;
    return tensors[outputNames[0]];
  }

  /** Makes a value an output of the graph under this name. */
  publish(name: string, value: Value): void {
    this.node = undefined;
    this.nodes.push({ name: `${name}.Identity`, op: "Identity", inputs: [this.name(value)], outputs: [name], attributes: new Map() });
  }

  /** An initializer with numbers that no parameter has. */
  literal(tensor: Constant): string {
    return this.literals.name(tensor, (suggestion) => {
      const name = this.unique(suggestion);
      this.initializers.set(name, stored(tensor));
      return name;
    });
  }

  scalar(value: number, type: ElementType = "float32"): string {
    return this.literal(constant(type, [], [value]));
  }

  unsupported(why: string): never {
    const { op, scope } = this.node as Node;
    throw new UnsupportedOpError(`onnx export: ${op.name}${scope ? ` at ${scope}` : ""}: ${why}`);
  }

  /** The name of a kept tensor in its shape in files: under its own name where it holds float32, else what halves and bytes stand for. */
  stored(value: Value): string {
    const tensor = this.kept(value);
    const { name } = value;
    this.initializers.set(name, tensor);
    if (tensor.type === "float16" || tensor.type === "bfloat16") return this.add("Cast", [name], { to: floatType });
    if (tensor.type !== "int8") return name;
    const scale = this.graph.kept.get(`${name}_scale`) as Value;
    return this.add("DequantizeLinear", [name, this.name(scale), this.literal(constant("int8", scale.shape, new Int8Array(scale.shape[0])))], { axis: 0 });
  }

  private keep(value: Value): Exported {
    const { initializer } = value;
    if (initializer?.kind !== "values") return this.arranged(value, this.stored(value));
    return { name: this.literal({ type: "float32", shape: value.shape, data: initializer.values }), order: inOrder(value.shape.length) };
  }

  /** A kept tensor whose numbers in its shape in files have this name. */
  private arranged(value: Value, stored: string): Exported {
    const { view, shape, order } = value.file ?? { view: value.shape, shape: value.shape, order: inOrder(value.shape.length) };
    const name = sameShape(view, shape) ? stored : this.add("Reshape", [stored, this.literal(integers(view))]);
    if (sameShape(permuted(view, order), value.shape)) return { name, order: inOrder(order.length).map((axis) => order.indexOf(axis)) };
    const turned = this.add("Transpose", [name], { perm: order });
    return { name: this.add("Reshape", [turned, this.literal(integers(value.shape))]), order: inOrder(value.shape.length) };
  }

  private unique(name: string): string {
    let free = name;
    for (let i = 1; this.names.has(free); i++) free = `${name}_${i}`;
    this.names.add(free);
    return free;
  }
}
