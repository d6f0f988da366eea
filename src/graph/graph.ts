import { ShapeError } from "../core/errors.js";
import type { Dtype, Quantization } from "../core/dtype.js";
import { formatShape, sameShape, sizeOf, type Shape } from "../core/shape.js";
import { inferShapes, type Attributes, type OpDefinition, type Tensors } from "./op.js";

/**
 * Where a value comes from: given with each run (`input`), kept in the model and learned (`parameter`), kept and
 * written by the network itself (`buffer`: running statistics), kept for an optimiser (`state`), known when the graph is
 * built (`constant`), or computed (`node`).
 */
export type ValueKind = "input" | "parameter" | "buffer" | "state" | "constant" | "node";

/** Whether checkpoints have the value: a parameter or a buffer. */
export const isCheckpointed = ({ kind }: Value) => kind === "parameter" || kind === "buffer";

/** How a kept tensor looks in a checkpoint: seen as `view`, its axes `order` give the layout in memory. */
export interface FileLayout {
  readonly shape: Shape;
  readonly view: Shape;
  readonly order: readonly number[];
}

/** How a kept tensor starts when no checkpoint gives it; `fan` and bounds as in PyTorch's `torch.nn.init`. A session fills in `values` by itself. */
export type Initializer =
  | { readonly kind: "values"; readonly values: Float32Array }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly std: number };

export interface Value {
  readonly graph: Graph;
  readonly id: number;
  readonly kind: ValueKind;
  readonly shape: Shape;
  readonly dtype: Dtype;
  /** What the bytes of an activation stand for. An int8 weight has a tensor of scales beside it, one for each output channel. */
  readonly quantization?: Quantization;
  /** Name of an input or of a kept tensor; empty for computed values. */
  readonly name: string;
  readonly node?: Node;
  readonly trainable: boolean;
  readonly file?: FileLayout;
  readonly initializer?: Initializer;
}

export interface Node {
  readonly id: number;
  readonly op: OpDefinition;
  /** Inputs and outputs by the op's names; absent optional inputs are not there. */
  readonly tensors: Tensors;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly attributes: Attributes;
  /** Where in the network the node was made: `features.3.conv.1`. */
  readonly scope: string;
}

export interface KeptOptions {
  readonly trainable?: boolean;
  readonly file?: FileLayout;
  readonly initializer?: Initializer;
  /** Default float32. */
  readonly dtype?: Dtype;
}

/**
 * A network as values and nodes in the order of their creation, which is an order they can run in. Shapes are
 * checked as nodes are added; equal nodes (same op, inputs and attributes) are made once.
 */
export class Graph {
  readonly nodes: Node[] = [];
  readonly values: Value[] = [];
  readonly inputs = new Map<string, Value>();
  /** Parameters, buffers and states by checkpoint name; constants by one that follows from their numbers. */
  readonly kept = new Map<string, Value>();
  readonly outputs = new Map<string, Value>();
  /** Prefix of names and of places in errors; `nn` sets it. */
  scope = "";
  /** Whether a node that is asked for again is the known one. */
  sharing = true;
  private readonly known = new Map<string, Record<string, Value>>();

  /** A tensor that each run brings. */
  input(name: string, shape: Shape, dtype: Dtype = "float32"): Value {
    if (this.inputs.has(name)) throw new ShapeError(`graph: input "${name}" is declared twice`);
    const value = this.value({ kind: "input", name, shape, dtype, trainable: false });
    this.inputs.set(name, value);
    return value;
  }

  /** A tensor that the model keeps between runs; asking again for the same name gives the same value. */
  keep(
    kind: "parameter" | "buffer" | "state" | "constant",
    name: string,
    shape: Shape,
    { trainable = kind === "parameter", file, initializer, dtype = "float32" }: KeptOptions = {},
  ): Value {
    const known = this.kept.get(name);
    if (known) {
      if (!sameShape(known.shape, shape)) throw new ShapeError(`graph: "${name}" is ${formatShape(known.shape)} and was asked for as ${formatShape(shape)}`);
      return known;
    }
    const value = this.value({ kind, name, shape, dtype, trainable, file, initializer });
    this.kept.set(name, value);
    return value;
  }

  /** A tensor of numbers that are part of the network itself; equal ones are one. */
  constant(values: Float32Array, shape: Shape): Value {
    if (values.length !== sizeOf(shape)) throw new ShapeError(`graph: a constant ${formatShape(shape)} expects ${sizeOf(shape)} numbers, got ${values.length}`);
    const name = `constant ${formatShape(shape)} ${digest(values)}`;
    return this.keep("constant", name, shape, { initializer: { kind: "values", values } });
  }

  /** Marks a value that the caller reads after a run. */
  output(name: string, value: Value): void {
    this.outputs.set(name, value);
  }

  /** Adds a node and gives its outputs by name. Ops call this; users call the op. */
  addNode(op: OpDefinition, inputs: Record<string, Value | undefined>, attributes: Attributes): Record<string, Value> {
    const tensors: Tensors = {};
    const names = op.variadic ? Object.keys(inputs) : op.inputs.map((name) => name.replace("?", ""));
    names.forEach((name, i) => {
      const value = inputs[name];
      if (value) {
        if (value.graph !== this) throw new ShapeError(`${op.name}: input "${name}" belongs to another graph`);
        tensors[name] = value;
      } else if (op.variadic || !op.inputs[i].endsWith("?"))
        throw new ShapeError(`${op.name}: input "${name}" is missing${this.scope ? ` at ${this.scope}` : ""}`);
    });
    const inputNames = Object.keys(tensors);
    const key = `${op.name}|${inputNames.map((name) => `${name}:${tensors[name].id}`).join(",")}|${JSON.stringify(attributes, (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value))}`;
    const known = op.mutates || !this.sharing ? undefined : this.known.get(key);
    if (known) return known;

    const shapes = inferShapes(op, Object.fromEntries(inputNames.map((name) => [name, tensors[name].shape])), attributes, this.scope);
    for (const name of inputNames) {
      const { dtype, shape } = tensors[name];
      if (dtype.endsWith("int8") && !op.type)
        throw new ShapeError(`${op.name}: ${name} expects float32, got ${dtype} ${formatShape(shape)}${this.scope ? ` at ${this.scope}` : ""}`);
    }
    const type = op.type?.(tensors, attributes);
    const outputNames = op.mutates && !op.outputs ? [] : (op.outputs ?? ["y"]);
    const node: Node = { id: this.nodes.length, op, tensors, inputNames, outputNames, attributes, scope: this.scope };
    const outputs: Record<string, Value> = {};
    for (const name of outputNames) {
      outputs[name] = this.value({ kind: "node", name: "", shape: shapes[name], dtype: "float32", ...type, trainable: false, node });
      tensors[name] = outputs[name];
    }
    this.nodes.push(node);
    this.known.set(key, outputs);
    return outputs;
  }

  private value(fields: Omit<Value, "graph" | "id">): Value {
    sizeOf(fields.shape);
    const value: Value = { graph: this, id: this.values.length, ...fields };
    this.values.push(value);
    return value;
  }
}

/** 64 bits in hexadecimal that follow from the numbers' bits: FNV-1a, twice. */
export function digest(values: Float32Array): string {
  const half = (start: number) => {
    let hash = start;
    for (const word of new Uint32Array(values.buffer, values.byteOffset, values.length)) {
      hash = Math.imul(hash ^ word, 0x01000193);
      hash ^= hash >>> 15;
    }
    return (hash >>> 0).toString(16).padStart(8, "0");
  };
  return half(0x811c9dc5) + half(0x7ee3623a);
}
