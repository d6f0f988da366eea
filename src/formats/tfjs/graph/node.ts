import type { Draft, Ref } from "../../tensorflow/draft.js";
import type { Dilations } from "../../tensorflow/dilation.js";
import { Fields } from "../../fields.js";
import type { Padding, Window } from "../../tensorflow/convolution.js";

/** A node of a TensorFlow graph, as its JSON has it. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** What it reads: another node and which of its outputs. */
  readonly inputs: readonly { readonly node: string; readonly output: number }[];
  readonly attributes: Fields;
}

/** One node with what it reads. An attribute that the file leaves out has protobuf's default: zero, false, empty. */
export class NodeCall {
  constructor(
    readonly draft: Draft,
    readonly node: GraphNode,
    readonly inputs: readonly Ref[],
    readonly dilations: Dilations,
  ) {}

  get where(): string {
    return `${this.node.op} "${this.node.name}"`;
  }

  input(i: number): Ref {
    return this.inputs[i] ?? this.draft.fail(`${this.where} has no input ${i}`);
  }

  /** A constant input's whole numbers. */
  wholes(i: number): number[] {
    return this.draft.wholes(this.input(i), `input ${i} of ${this.where}`);
  }

  int(name: string, otherwise = 0): number {
    return this.whole(this.value(name, "i") ?? otherwise, name);
  }

  float(name: string, otherwise = 0): number {
    const value = this.value(name, "f") ?? otherwise;
    return typeof value === "number" ? value : this.draft.fail(`${this.where}: attribute "${name}" expects a number`);
  }

  flag(name: string): boolean {
    return this.value(name, "b") === true;
  }

  text(name: string, otherwise = ""): string {
    const value = this.value(name, "s");
    return value === undefined ? otherwise : this.decoded(value, name);
  }

  type(name: string): string {
    const value = this.value(name, "type");
    return typeof value === "string" ? value : this.draft.fail(`${this.where}: attribute "${name}" expects a type`);
  }

  ints(name: string): number[] {
    return this.list(name, "i").map((each) => this.whole(each, name));
  }

  texts(name: string): string[] {
    return this.list(name, "s").map((each) => this.decoded(each, name));
  }

  /** `data_format`. */
  get channelsFirst(): boolean {
    return this.text("data_format", "NHWC") === "NCHW";
  }

  /** Two sizes of four that a list of the layout has. */
  spatial(name: string): number[] {
    const values = this.ints(name);
    if (values.length === 0) return [1, 1];
    if (values.length !== 4) this.draft.fail(`${this.where}: attribute "${name}" expects 4 numbers, got ${values.length}`);
    return this.channelsFirst ? values.slice(2) : values.slice(1, 3);
  }

  window(): Window {
    const window: Window = {
      strides: this.spatial("strides"),
      dilations: this.spatial("dilations"),
      padding: this.padding(),
      channelsFirst: this.channelsFirst,
    };
    return this.dilations.window(this.input(0), window, this.where);
  }

  private padding(): Padding {
    const padding = this.text("padding", "VALID");
    if (padding === "SAME" || padding === "VALID") return padding;
    const explicit = this.ints("explicit_paddings");
    if (padding !== "EXPLICIT" || explicit.length !== 8) this.draft.unsupported(`padding "${padding}" of ${this.where}`);
    const [top, bottom, left, right] = this.channelsFirst ? explicit.slice(4) : explicit.slice(2, 6);
    return [top, left, bottom, right];
  }

  private value(name: string, kind: string): unknown {
    if (!this.node.attributes.has(name)) return undefined;
    return this.node.attributes.fields(name).get(kind);
  }

  private list(name: string, kind: string): readonly unknown[] {
    const list = this.value(name, "list");
    return list === undefined ? [] : new Fields(list, this.where, this.draft.file).list(kind, []);
  }

  /** 64-bit numbers are text in protobuf's JSON. */
  private whole(value: unknown, name: string): number {
    const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
    return Number.isSafeInteger(number) ? (number as number) : this.draft.fail(`${this.where}: attribute "${name}" expects a whole number`);
  }

  /** Bytes are base64 in protobuf's JSON. */
  private decoded(value: unknown, name: string): string {
    try {
      return atob(value as string);
    } catch {
      return this.draft.fail(`${this.where}: attribute "${name}" expects base64`);
    }
  }
}

/** What a node becomes: one tensor, or as many as it has outputs. */
export type Convert = (call: NodeCall) => Ref | readonly Ref[];
