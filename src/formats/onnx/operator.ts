import { FormatError, ShapeError, UnsupportedOpError } from "../../core/errors.js";
import { formatShape } from "../../core/shape.js";
import type { Constant, ElementType, StoredTensor } from "./constant.js";
import { elementType } from "./initializer.js";
import type { OnnxNode } from "./read-model.js";

/** One node with what it reads. Absent optional inputs are `undefined`. */
export class Call<T extends { readonly shape: readonly number[] } = Constant> {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    readonly inputs: readonly (T | undefined)[],
    readonly file: string,
  ) {}

  /** Input `i`. @throws {FormatError} when the node has none */
  input(i: number): T {
    return this.inputs[i] ?? this.fail(`input ${i} is missing`);
  }

  /** Every input of an operator that takes any number of them. @throws {FormatError} where it has none, or leaves one out */
  all(): T[] {
    if (this.inputs.length === 0) this.fail("expected at least one input");
    return this.inputs.map((_, i) => this.input(i));
  }

  int(name: string, otherwise?: number): number {
    return this.attribute(name, "number", otherwise);
  }

  float(name: string, otherwise?: number): number {
    return this.attribute(name, "number", otherwise);
  }

  text(name: string, otherwise?: string): string {
    return this.attribute(name, "string", otherwise);
  }

  /** Whole numbers, or `undefined` where the node does not say. */
  ints(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((each) => !Number.isSafeInteger(each))) this.fail(`attribute "${name}" expects whole numbers`);
    return value as readonly number[];
  }

  /** Numbers, or `undefined` where the node does not say. */
  floats(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((each) => typeof each !== "number")) this.fail(`attribute "${name}" expects numbers`);
    return value as readonly number[];
  }

  /** The element type that an attribute names by its number. */
  type(name: string, otherwise?: number): ElementType {
    return elementType(this.int(name, otherwise), `${this.where} ${name}`, this.file);
  }

  tensor(name: string): Constant | undefined {
    const value = this.node.attributes.get(name);
    if (value !== undefined && !(typeof value === "object" && "decode" in value)) this.fail(`attribute "${name}" expects a tensor`);
    return (value as StoredTensor | undefined)?.decode();
  }

  has(name: string): boolean {
    return this.node.attributes.has(name);
  }

  /** An axis counted from either end, of `rank`. */
  axis(value: number, rank: number): number {
    if (!(Number.isInteger(value) && value >= -rank && value < Math.max(rank, 1))) this.fail(`axis ${value} is outside of ${rank} axes`);
    return value < 0 ? value + rank : value;
  }

  /** Axes counted from either end, each once. */
  axes(values: readonly number[], rank: number): number[] {
    const axes = values.map((value) => this.axis(value, rank));
    if (new Set(axes).size !== axes.length) this.fail(`axes [${values}] name one twice`);
    return axes;
  }

  /** Says which node and which shapes; for what the file says wrongly. */
  fail(message: string): never {
    throw new FormatError(`onnx: ${this.where}: ${message} (${this.file})`);
  }

  misfit(message: string): never {
    throw new ShapeError(`onnx: ${this.where}: ${message} (${this.file})`);
  }

  unsupported(message: string): never {
    throw new UnsupportedOpError(`onnx: ${this.where}: ${message} (${this.file})`);
  }

  /** Operator, name, input shapes and opset. */
  get where(): string {
    const shapes = this.inputs.map((input) => (input ? formatShape(input.shape) : "none")).join(", ");
    return `${this.node.op}${this.node.name ? ` "${this.node.name}"` : ""} of ${shapes || "no inputs"}, opset ${this.opset}`;
  }

  private attribute<V extends number | string>(name: string, kind: "number" | "string", otherwise: V | undefined): V {
    const value = this.node.attributes.get(name) ?? otherwise;
    if (value === undefined) return this.fail(`attribute "${name}" is missing`);
    if (typeof value !== kind) return this.fail(`attribute "${name}" expects a ${kind}`);
    return value as V;
  }
}

/** What an operator gives on numbers that are known: one tensor for each output of the node, in order. */
export type Evaluate = (call: Call) => readonly Constant[];
