import { formatShape, type Shape } from "../../../core/shape.js";
import type { Initializer, Value } from "../../../graph/graph.js";
import type { Scope } from "../../../nn/scope.js";
import { type Constant, type ElementType, isFloat, type StoredTensor } from "../constant.js";
import { Call } from "../operator.js";
import type { OnnxNode } from "../read-model.js";
import { axisOrder } from "./layout.js";
import { type Computed, computed, decoded, inOrder, isKnown, kept, type Known, reshaped, type Tensor, transposed, viewed } from "./tensor.js";

/** What all nodes of a graph that is built share. */
export interface Building {
  readonly net: Scope;
  readonly opset: number;
  readonly file: string;
  /** Where the numbers of each kept tensor come from, by its name. */
  readonly weights: Map<string, StoredTensor>;
  /** How some of them start where they have no numbers. */
  readonly initializers?: ReadonlyMap<string, Initializer>;
}

const rising = (rank: number) => Array.from({ length: rank }, (_, axis) => axis);

/** One node while its operator is built: what it reads, as values of our graph in the layout that is asked for. */
export class NodeCall extends Call<Tensor> {
  readonly net: Scope;

  constructor(
    node: OnnxNode,
    inputs: readonly (Tensor | undefined)[],
    private readonly building: Building,
  ) {
    super(node, building.opset, inputs, building.file);
    this.net = building.net;
  }

  /** Input `i`'s numbers, where they are known. */
  constant(i: number): Constant | undefined {
    const input = this.inputs[i];
    return input && isKnown(input) ? decoded(input) : undefined;
  }

  /** Numbers that an input must bring, or an attribute of that name in older opsets. @throws {UnsupportedOpError} for an input that is computed */
  numbers(i: number, attribute: string): number[] | undefined {
    const input = this.inputs[i];
    if (!input) return this.ints(attribute)?.slice();
    if (!isKnown(input)) return this.unsupported(`${attribute} is computed from the graph's input`);
    return Array.from(decoded(input).data);
  }

  required(i: number, attribute: string): number[] {
    return this.numbers(i, attribute) ?? this.fail(`${attribute} is missing`);
  }

  /** A number that an input brings, or an attribute of that name in older opsets. */
  number(i: number, attribute: string): number | undefined {
    if (this.inputs[i]) return this.required(i, attribute)[0];
    return this.has(attribute) ? this.float(attribute) : undefined;
  }

  /** A tensor with its axes `order` in memory, as `shape` if given: weights are parameters, other known numbers constants. */
  value(tensor: Tensor, order: readonly number[] = rising(tensor.shape.length), shape: Shape = order.map((axis) => tensor.shape[axis])): Value {
    if (!isKnown(tensor)) return viewed(inOrder(tensor, order), shape);
    if (tensor.learned) return this.kept(tensor, order, shape);
    return this.net.graph.constant(Float32Array.from(decoded(transposed(tensor, order)).data), shape);
  }

  /** A tensor in a place of weights, where known numbers are parameters wherever they come from. */
  weight(tensor: Tensor, order: readonly number[] = rising(tensor.shape.length), shape?: Shape, kind?: "parameter" | "buffer"): Value {
    const own = isKnown(tensor) && tensor.name !== "" && !tensor.varies && isFloat(tensor.type);
    return own ? this.kept(tensor, order, shape, kind) : this.value(tensor, order, shape);
  }

  private kept(tensor: Known, order: readonly number[], shape?: Shape, kind?: "parameter" | "buffer"): Value {
    const { weights, initializers } = this.building;
    weights.set(tensor.name, tensor.stored);
    return kept(this.net, tensor, order, { kind, shape, initializer: initializers?.get(tensor.name) });
  }

  /** A tensor as one that is computed: known numbers become parameters or constants. */
  computed(tensor: Tensor): Computed {
    if (!isKnown(tensor)) return tensor;
    const order = axisOrder(tensor);
    return computed(this.value(tensor, order), tensor.shape, order, tensor.type);
  }

  /** The same numbers after an operation that looks at each alone. */
  each(x: Tensor, f: (value: Value) => Value, type: ElementType = x.type): Computed {
    const from = this.computed(x);
    return { ...from, value: f(from.value), type };
  }

  /** The tensor with axes of size 1 in front, up to `rank` of them. */
  widened(tensor: Tensor, rank: number): Tensor {
    const missing = rank - tensor.shape.length;
    return missing > 0 ? reshaped(tensor, [...new Array<number>(missing).fill(1), ...tensor.shape]) : tensor;
  }

  /** Checks that an input has so many axes. */
  ranked(i: number, rank: number, what: string): Tensor {
    const tensor = this.input(i);
    if (tensor.shape.length !== rank) this.misfit(`expected ${what}, got ${formatShape(tensor.shape)}`);
    return tensor;
  }
}

/** What an operator makes of our graph: a tensor for each output of the node, in order. */
export type Build = (call: NodeCall) => Tensor | readonly Tensor[];
