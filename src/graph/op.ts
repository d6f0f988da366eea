import type { Build } from "../core/build.js";
import type { Dtype, Quantization } from "../core/dtype.js";
import { ShapeError } from "../core/errors.js";
import { formatShape, type Shape } from "../core/shape.js";
import type { Graph, Value } from "./graph.js";

/** Attributes are plain numbers, strings, booleans and arrays of numbers, so that equal nodes compare equal. */
export type Attributes = Record<string, number | string | boolean | readonly number[]>;

/** The tensors of one node by the names that its op gives them: inputs, outputs, and `dy` in gradient rules. */
export type Tensors = Record<string, Value>;
export type Shapes = Record<string, Shape>;

/** Memory that only one node uses while it runs (`scratch`), or that each thread has for itself (`workspace`). */
export interface Scratch {
  readonly kind: "scratch" | "workspace" | "derived";
  readonly id: number;
  readonly bytes: number;
}
/** A kernel argument: a number as it is, or a pointer: to a tensor or scratch memory, plus bytes. */
export type Argument = number | Value | Scratch | { readonly base: Argument; readonly bytes: number };

/** A tensor that a call passes through from front to back: after so many steps of it, where the part that it is done with ends, in bytes. */
export interface Front {
  readonly tensor: Value;
  readonly bytes: (steps: number) => number;
  /** The call touches what lies before the front again, or what lies behind it already: windows of several lines, tiles. */
  readonly ragged?: boolean;
}

/**
 * How a call walks, so that plans may let it take turns with others that walk through the same tensors, while those are in the cache. The first
 * `steps` steps need no more of `reads`, and complete no less of `writes`, than lies before the fronts. Other arguments are read as a whole,
 * unless they are `results`: written, and complete at the end.
 */
export interface Walk {
  readonly steps: number;
  readonly reads: readonly Front[];
  readonly writes: readonly Front[];
  readonly results?: readonly (Value | Scratch)[];
  /** It computes more than it moves: to let one such call wait for another in the cache wins nothing. */
  readonly product?: boolean;
  /** The call for steps from..to. Without, a step is the same number of units as every other. */
  readonly part?: (from: number, to: number) => { readonly args: readonly Argument[]; readonly units: number };
}

/** What an op's `lower` writes kernel calls to. Addresses are filled in once the memory plan is known. */
export interface Emitter {
  readonly build: Build;
  /** Whether convolutions may use Winograd's algorithm, which rounds differently. */
  readonly winograd: boolean;
  /**
   * Adds one kernel call. The kernel's last two parameters are `begin, end`; each thread gets its share of
   * `0..units`. A call that touches what another one writes starts when all threads have finished that one. Of the pointers
   * among the arguments, the node's inputs are only read, unless it `mutates` them; all others may be written. With a `walk` the
   * units may be done in parts.
   */
  call(kernel: string, args: readonly Argument[], units: number, walk?: Walk): void;
  /** Memory shared by all threads, valid until this node is done. 64-byte aligned, uninitialised. */
  scratch(bytes: number): Scratch;
  /** Memory of which every thread has its own, valid until this node is done. 64-byte aligned, uninitialised. */
  workspace(bytes: number): Scratch;
  /**
   * Data computed from `source` alone, such as packed weights. Where `source` does not change within the program it
   * is computed once and kept (shared by all plans of a model under `key`); else `fill` runs in place.
   */
  derived(source: Value, key: string, bytes: number, fill: (emit: Emitter, target: Scratch) => void): Scratch;
}

/** Element type of a tensor and, of activations in bytes, what they stand for. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly quantization?: Quantization;
}

/** One operator: everything that graph, autograd, plan, tests and documentation need to know about it. */
export interface OpDefinition<A extends Attributes = Attributes> {
  readonly name: string;
  /** One sentence with the formula; becomes `docs/ops.md`. */
  readonly summary: string;
  /** Input names in order; `bias?` is optional. With `variadic`, one name stands for `x0, x1, ...`. */
  readonly inputs: readonly string[];
  readonly variadic?: boolean;
  /** Output names, default `["y"]`. */
  readonly outputs?: readonly string[];
  /** Attribute names and defaults. */
  readonly attributes: A;
  /** Output shape(s) from input shapes; reports misfits with `fail`. */
  shape(shapes: Shapes, attributes: A, fail: (message: string) => never): Shape | Shapes;
  /**
   * What the output's elements are, of an op that reads or gives bytes; an op without this rule takes no quantised input
   * and gives float32.
   */
  type?(tensors: Tensors, attributes: A): TensorType;
  lower(emit: Emitter, tensors: Tensors, attributes: A): void;
  /**
   * One row per input that has a gradient: from the node's tensors and `dy` (gradient of the first output) to the
   * gradient of that input, built from other ops. Equal nodes are shared, so rows may build the same node.
   * For a variadic op the row is called with the input's index.
   */
  readonly gradient?: Readonly<Record<string, (tensors: Tensors, attributes: A, index: number) => Value>>;
  /** Multiply-adds x 2, or element operations where there are none. */
  flops?(shapes: Shapes, attributes: A): number;
  /** The first output may take over this input's memory when nobody reads the input later. */
  readonly inPlace?: string;
  /**
   * The first output is cheap to make again from the inputs and the other outputs, with the same bits: by the op itself
   * (`true`), or as this rule builds it. Plans may then do so instead of keeping it for the backward part.
   */
  readonly recompute?: true | ((tensors: Tensors, attributes: A) => Value);
  /** The output is the input's memory under another shape; `lower` is never called. */
  readonly view?: boolean;
  /** Inputs that the op writes to (optimisers, running statistics). Such a node always runs. */
  readonly mutates?: readonly string[];
}

/** An op is a function from values to its first output; `all` gives every output by name. */
export interface Op<A extends Attributes = Attributes> extends OpDefinition<A> {
  (inputs: Record<string, Value | undefined> | readonly Value[], attributes?: Partial<A>): Value;
  all(inputs: Record<string, Value | undefined> | readonly Value[], attributes?: Partial<A>): Record<string, Value>;
}

/** Makes a callable op of a definition. `conv2d({ x, weight, bias }, { stride: [2, 2] })` adds a node to x's graph. */
export function defineOp<A extends Attributes>(definition: OpDefinition<A>): Op<A> {
  const { name, ...rest } = definition;
  const build = (inputs: Record<string, Value | undefined> | readonly Value[], attributes?: Partial<A>) => {
    const named = Array.isArray(inputs)
      ? Object.fromEntries(
          (inputs as readonly Value[]).map((value, i) => [definition.variadic ? `${definition.inputs[0]}${i}` : definition.inputs[i].replace("?", ""), value]),
        )
      : (inputs as Record<string, Value | undefined>);
    const first = Object.values(named).find((value) => value !== undefined);
    if (!first) throw new ShapeError(`${name}: expected at least one input, got none`);
    return first.graph.addNode(op as unknown as OpDefinition, named, { ...definition.attributes, ...attributes } as Attributes);
  };
  const op = Object.assign((inputs: never, attributes?: Partial<A>) => build(inputs, attributes)[definition.outputs?.[0] ?? "y"], rest, {
    all: build,
  }) as unknown as Op<A>;
  Object.defineProperty(op, "name", { value: name });
  return op;
}

/** Output shapes by name, with the op, its tensors and the place in the network in every error. */
export function inferShapes(op: OpDefinition, shapes: Shapes, attributes: Attributes, scope: string): Shapes {
  const fail = (message: string): never => {
    const tensors = Object.entries(shapes)
      .map(([name, shape]) => `${name} ${formatShape(shape)}`)
      .join(", ");
    throw new ShapeError(`${op.name}: ${message} (${tensors})${scope ? ` at ${scope}` : ""}`);
  };
  const out = op.shape(shapes, attributes, fail);
  return Array.isArray(out) ? { [op.outputs?.[0] ?? "y"]: out as Shape } : (out as Shapes);
}

export type { Graph };
