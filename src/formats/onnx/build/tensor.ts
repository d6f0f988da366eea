import { sameShape, type Shape, sizeOf, stridesOf } from "../../../core/shape.js";
import type { FileLayout, Initializer, Value } from "../../../graph/graph.js";
import type { Scope } from "../../../nn/scope.js";
import { reshape } from "../../../ops/reshape.js";
import { transpose } from "../../../ops/transpose.js";
import { type Constant, type ElementType, isFloat, stored, type StoredTensor } from "../constant.js";
import { strided } from "../evaluate/arrays.js";
import { type Layout, layoutOf, movesTo, reshapedLayout, transposedLayout } from "./layout.js";

/** A tensor that our graph computes. Whole numbers and booleans are float32 numbers that say so in `type`. */
export interface Computed extends Layout {
  readonly value: Value;
  readonly type: ElementType;
}

/** A tensor whose numbers are known while the graph is built: `stored`, in another layout. */
export interface Known extends Layout {
  readonly type: ElementType;
  /** Of the initializer, or of the tensor that was folded. */
  readonly name: string;
  readonly stored: StoredTensor;
  /** Whether it is made of weights, and so becomes a parameter where it meets an activation. */
  readonly learned: boolean;
  /** Whether it depends on the shapes of the graph's inputs, so that other shapes give other numbers. */
  readonly varies: boolean;
}

/** A tensor while the graph is built. */
export type Tensor = Known | Computed;

export const isKnown = (tensor: Tensor): tensor is Known => "stored" in tensor;

/** A value whose memory has the axes of `shape` in the given order. */
export const computed = (value: Value, shape: Shape, order?: readonly number[], type: ElementType = "float32"): Computed => ({
  ...layoutOf(shape, order),
  value,
  type,
});

/** Numbers that no weights went into. */
export const known = (constant: Constant, name = "", { learned = false, varies = false } = {}): Known => ({
  ...layoutOf(constant.shape),
  type: constant.type,
  name,
  stored: stored(constant),
  learned: learned && isFloat(constant.type) && constant.data.length > 1,
  varies,
});

/** An initializer of the file. */
export const initializer = (name: string, tensor: StoredTensor): Known => ({
  ...layoutOf(tensor.shape),
  type: tensor.type,
  name,
  stored: tensor,
  learned: isFloat(tensor.type) && sizeOf(tensor.shape) > 1,
  varies: false,
});

/** The numbers, row by row. */
export function decoded({ shape, memory, stored }: Known): Constant {
  const data = { ...stored.decode(), shape: memory.map(({ size }) => size) };
  const moves = movesTo(
    { shape, memory },
    shape.map((_, axis) => axis),
  );
  if (!moves) return { ...data, shape };
  const strides = stridesOf(data.shape);
  const moved = strided(
    data,
    moves.map((piece) => data.shape[piece]),
    moves.map((piece) => strides[piece]),
  );
  return { ...moved, shape };
}

export function transposed<T extends Tensor>(tensor: T, order: readonly number[]): T {
  return { ...tensor, ...transposedLayout(tensor, order) };
}

/** The tensor under another shape; where its memory does not allow that, numbers move first. */
export function reshaped(tensor: Tensor, shape: Shape): Tensor {
  const layout = reshapedLayout(tensor, shape);
  if (layout) return { ...tensor, ...layout };
  if (isKnown(tensor)) return { ...known(decoded(tensor), tensor.name, tensor), shape, memory: layoutOf(shape).memory };
  return {
    ...tensor,
    ...layoutOf(shape),
    value: inOrder(
      tensor,
      tensor.shape.map((_, axis) => axis),
    ),
  };
}

/** The value under another shape; of a reshaped one, what was reshaped. */
export function viewed(value: Value, shape: Shape): Value {
  const from = (value.node?.op as unknown) === reshape ? (value.node?.tensors.x as Value) : value;
  return sameShape(from.shape, shape) ? from : reshape({ x: from }, { shape });
}

/** The value with the axes `order` in its memory, which moves only if it must. */
export function inOrder(tensor: Computed, order: readonly number[]): Value {
  const shape = order.map((axis) => tensor.shape[axis]);
  const moves = movesTo(tensor, order);
  if (!moves) return viewed(tensor.value, shape);
  const pieces = viewed(
    tensor.value,
    tensor.memory.map(({ size }) => size),
  );
  return viewed(transpose({ x: pieces }, { order: moves }), shape);
}

/** How `tensor` lies in its file, and how it is to lie in memory: the axes `order`, one after another. */
export function fileLayout(tensor: Known, order: readonly number[]): FileLayout {
  const view = tensor.memory.map(({ size }) => size);
  return { shape: tensor.stored.shape, view, order: movesTo(tensor, order) ?? view.map((_, i) => i) };
}

/**
 * The kept tensor of a known one, with its axes in the given order and the given shape (default: that of those axes).
 * Where the graph has it in another layout already, that one moves.
 */
export function kept(
  net: Scope,
  tensor: Known,
  order: readonly number[],
  {
    kind = "parameter",
    shape = order.map((axis) => tensor.shape[axis]),
    initializer = { kind: "constant", value: 0 },
  }: { kind?: "parameter" | "buffer"; shape?: Shape; initializer?: Initializer } = {},
): Value {
  const { graph } = net;
  const found = graph.kept.get(tensor.name);
  if (found) {
    const { view, order: places } = found.file ?? { view: found.shape, order: found.shape.map((_, i) => i) };
    const steps = stridesOf(view);
    const flat: Computed = {
      shape: [sizeOf(view)],
      memory: places.filter((place) => view[place] !== 1).map((place) => ({ axis: 0, size: view[place], step: steps[place] })),
      value: found,
      type: "float32",
    };
    const pieces = reshaped(
      flat,
      tensor.memory.map(({ size }) => size),
    ) as Computed;
    const memory = pieces.memory.map(({ axis, size, step }) => ({ axis: tensor.memory[axis].axis, size, step: step * tensor.memory[axis].step }));
    return viewed(inOrder({ ...pieces, shape: tensor.shape, memory }, order), shape);
  }
  const options = { initializer, file: fileLayout(tensor, order) };
  const { scope } = graph;
  const value = kind === "buffer" ? net.buffer(tensor.name, shape, options) : net.parameter(tensor.name, shape, options);
  graph.scope = scope;
  return value;
}
