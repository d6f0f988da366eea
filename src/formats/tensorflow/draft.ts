/** An ONNX graph while it is being made from a TensorFlow file: opset 17, names kept, numbers decoded late. */
import { FormatError, LimitError, UnsupportedOpError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { type Constant, constant, type ElementType, integers, stored, type StoredTensor } from "../onnx/constant.js";
import type { AttributeValue, OnnxModel, OnnxNode, OnnxTensorInfo } from "../onnx/read-model.js";
import { transposed } from "./stored.js";

/** A tensor of the draft: the name of an input, of a constant, or of what a node makes. */
export type Ref = string;

/** Constants of more elements are weights, not axes, sizes or paddings. */
const mostNumbers = 4096;

/** What a graph says of an output: the tensor, the name it shall have, and its shape where that is known. */
export interface DraftOutput {
  readonly ref: Ref;
  readonly name: string;
  readonly shape?: readonly (number | string | undefined)[];
}

export class Draft {
  private readonly nodes: { name: string; op: string; inputs: Ref[]; outputs: Ref[]; attributes: Map<string, AttributeValue> }[] = [];
  private readonly inputs: OnnxTensorInfo[] = [];
  /** Constants by reference, each with the name that it gets in the model if another has not. */
  private readonly constants = new Map<Ref, { tensor: StoredTensor; name: string }>();
  private readonly taken = new Map<string, number>();
  private readonly channelsFirstOf = new Map<Ref, Ref>();
  /** Tensors that nodes make. */
  private made = 0;

  /**
   * @param format of the file, at the start of messages
   * @param producer what wrote it
   */
  constructor(
    readonly format: string,
    readonly file: string,
    private readonly producer = "",
  ) {}

  /** An input. Whole numbers are int64, as ONNX's shape arithmetic wants them. */
  input(name: string, type: ElementType, shape: OnnxTensorInfo["shape"]): Ref {
    const ref = this.unique(name);
    this.inputs.push({ name: ref, type, shape });
    return ref;
  }

  /** Adds one node that gives one tensor. */
  add(op: string, inputs: readonly Ref[], attributes: Readonly<Record<string, AttributeValue>> = {}, name = op): Ref {
    return this.addAll(op, inputs, 1, attributes, name)[0];
  }

  /** Adds one node that gives `count` tensors. @throws {LimitError} above `limits.graphNodes` */
  addAll(op: string, inputs: readonly Ref[], count: number, attributes: Readonly<Record<string, AttributeValue>> = {}, name = op): Ref[] {
    this.made += count;
    if (this.made > limits.graphNodes) throw new LimitError(`${this.format}: more than limits.graphNodes ${limits.graphNodes} tensors (${this.file})`);
    const outputs = Array.from({ length: count }, () => this.unique(name));
    this.nodes.push({ name: outputs[0] ?? name, op, inputs: [...inputs], outputs, attributes: new Map(Object.entries(attributes)) });
    return outputs;
  }

  /** A tensor of the file. It becomes an initializer of that name where a node reads it. */
  constant(name: string, tensor: StoredTensor): Ref {
    const ref = this.unique(name);
    this.constants.set(ref, { tensor, name });
    return ref;
  }

  /** Sizes, axes, indices. */
  ints(values: readonly number[]): Ref {
    return this.constant("sizes", stored(integers(values)));
  }

  /** One float32 number. */
  scalar(value: number): Ref {
    return this.constant("number", stored(constant("float32", [], [value])));
  }

  floats(values: readonly number[]): Ref {
    return this.constant("numbers", stored(constant("float32", [values.length], values)));
  }

  /** The tensor behind a reference, where it is one of the file's. */
  stored(ref: Ref): StoredTensor | undefined {
    return this.constants.get(ref)?.tensor;
  }

  /** The numbers of axes, sizes and the like. @throws {UnsupportedOpError} where they are computed, {FormatError} where they are too many */
  numbers(ref: Ref, what: string): Constant {
    const tensor = this.stored(ref) ?? this.unsupported(`${what} is computed while the network runs`);
    if (tensor.shape.reduce((a, b) => a * b, 1) > mostNumbers) this.fail(`${what} has shape [${tensor.shape}]`);
    return tensor.decode();
  }

  /** As `numbers`, and whole. */
  wholes(ref: Ref, what: string): number[] {
    const { data } = this.numbers(ref, what);
    const values = Array.from(data);
    return values.every(Number.isSafeInteger) ? values : this.fail(`${what} expects whole numbers, got [${values}]`);
  }

  /** The first number of a constant. */
  number(ref: Ref, what: string): number {
    return this.numbers(ref, what).data[0] ?? this.fail(`${what} is empty`);
  }

  /** `ref` with its axes in another order: a constant stays one, under its name. */
  transpose(ref: Ref, order: readonly number[]): Ref {
    const known = this.constants.get(ref);
    return known ? this.derived(ref, `transposed ${order}`, (tensor) => transposed(tensor, order)) : this.add("Transpose", [ref], { perm: order });
  }

  /** The constant that `change` makes of another, under its name; made once. */
  derived(ref: Ref, how: string, change: (tensor: StoredTensor) => StoredTensor): Ref {
    const { tensor, name } = this.constants.get(ref) ?? this.unsupported(`"${ref}" is computed while the network runs`);
    const key = `${ref}|${how}`;
    if (!this.constants.has(key)) this.constants.set(key, { tensor: change(tensor), name });
    return key;
  }

  /** [N, H, W, C] as [N, C, H, W]: what `channelsLast` gave is taken back, not turned again. */
  channelsFirst(x: Ref): Ref {
    const known = this.channelsFirstOf.get(x);
    if (known !== undefined) return known;
    const turned = this.transpose(x, [0, 3, 1, 2]);
    this.channelsFirstOf.set(x, turned);
    return turned;
  }

  /** [N, C, H, W] as [N, H, W, C]. */
  channelsLast(x: Ref): Ref {
    const turned = this.transpose(x, [0, 2, 3, 1]);
    this.channelsFirstOf.set(turned, x);
    return turned;
  }

  /** The model: nodes that an output needs, constants that a node reads, outputs under their names. */
  finish(outputs: readonly DraftOutput[]): OnnxModel {
    const nodes = this.needed(outputs.map(({ ref }) => ref));
    const made = new Set(nodes.flatMap((node) => node.outputs));
    const names = new Map<Ref, string>();
    const given = new Set(this.inputs.map(({ name }) => name));
    const choose = (ref: Ref, wanted: string) => {
      const isFree = (name: string) => !given.has(name) && (!made.has(name) || name === ref);
      const name = [wanted, ref].find(isFree) ?? this.unique(wanted);
      names.set(ref, name);
      given.add(name);
    };
    for (const { ref, name } of outputs) if (made.has(ref) && !names.has(ref)) choose(ref, name);
    const initializers = new Map<string, StoredTensor>();
    const use = (ref: Ref) => {
      const known = this.constants.get(ref);
      if (known && !names.has(ref)) {
        choose(ref, known.name);
        initializers.set(names.get(ref) as string, known.tensor);
      }
    };
    for (const node of nodes) node.inputs.forEach(use);
    for (const { ref } of outputs) use(ref);
    const rename = (ref: Ref) => names.get(ref) ?? ref;
    return {
      file: this.file,
      opset: 17,
      producer: this.producer,
      nodes: nodes.map((node): OnnxNode => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
      initializers,
      inputs: this.inputs,
      outputs: outputs.map(({ ref, shape }) => ({ name: rename(ref), type: "float32", shape })),
      metadata: new Map(),
    };
  }

  fail(message: string): never {
    throw new FormatError(`${this.format}: ${message} (${this.file})`);
  }

  unsupported(message: string): never {
    throw new UnsupportedOpError(`${this.format}: ${message} is not supported (${this.file})`);
  }

  private needed(refs: readonly Ref[]): typeof this.nodes {
    const wanted = new Set(refs);
    const kept = this.nodes.toReversed().filter((node) => {
      if (!node.outputs.some((ref) => wanted.has(ref))) return false;
      for (const ref of node.inputs) wanted.add(ref);
      return true;
    });
    return kept.reverse();
  }

  private unique(name: string): string {
    for (;;) {
      const count = this.taken.get(name) ?? 0;
      this.taken.set(name, count + 1);
      if (count === 0) return name;
      const numbered = `${name}_${count}`;
      if (!this.taken.has(numbered)) {
        this.taken.set(numbered, 1);
        return numbered;
      }
    }
  }
}
