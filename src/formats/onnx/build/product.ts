import { broadcastShapes, type Shape } from "../../../core/shape.js";
import { add } from "../../../ops/add.js";
import { dense, matmul } from "../../../ops/dense.js";
import { attentionOf } from "./attention.js";
import type { Build, NodeCall } from "./call.js";
import { times } from "./elementwise.js";
import { axisOrder } from "./layout.js";
import { type Computed, computed, inOrder, isKnown, reshaped, type Tensor, transposed, viewed } from "./tensor.js";

const last = (shape: Shape, fromEnd: number) => shape[shape.length - fromEnd];

/** The last axis behind the others, which stay as they lie. */
const behind = (tensor: Tensor) => {
  const end = tensor.shape.length - 1;
  return [...axisOrder(tensor).filter((axis) => axis !== end), end];
};

/**
 * x [..., K] times a weight [K, M]. Where K is several axes flattened, as after a convolution, the weight's rows take the
 * order that they have in memory.
 */
function byWeight(call: NodeCall, x: Tensor, weight: Tensor, bias?: Tensor): Computed {
  const end = x.shape.length - 1;
  const [depth, columns] = weight.shape;
  const pieces = x.memory.filter(({ axis }) => axis === end);
  const outer = x.memory.slice(0, x.memory.length - pieces.length);
  const flat = !isKnown(x) && pieces.length > 1 && outer.every(({ axis }) => axis !== end);
  const falling = [...pieces].sort((a, b) => b.step - a.step);
  const rows = flat ? reshaped(weight, [...falling.map(({ size }) => size), columns]) : weight;
  const order = flat ? [...pieces.map((piece) => falling.indexOf(piece)), pieces.length] : [0, 1];
  const lines = flat ? { ...x, memory: [...outer, { axis: end, size: depth, step: 1 }] } : x;
  const [value, matrix] = [call.value(lines, behind(lines)), call.weight(rows, order, [depth, columns])];
  const y = dense({ x: value, weight: matrix, bias: bias && call.weight(bias, undefined, [columns]) });
  return computed(y, [...x.shape.slice(0, -1), columns], behind(lines));
}

const gemm: Build = (call) => {
  const turned = (tensor: Tensor, flag: string) => (call.int(flag, 0) ? transposed(tensor, [1, 0]) : tensor);
  const [a, b] = [turned(call.ranked(0, 2, "a matrix"), "transA"), turned(call.ranked(1, 2, "a matrix"), "transB")];
  if (a.shape[1] !== b.shape[0]) call.misfit("inner sizes differ");
  const [alpha, beta, c] = [call.float("alpha", 1), call.float("beta", 1), call.inputs[2]];
  const shape = [a.shape[0], b.shape[1]];
  const bias = c && beta !== 0 ? c : undefined;
  const isVector = alpha === 1 && beta === 1 && bias?.shape.at(-1) === shape[1] && bias.shape.slice(0, -1).every((size) => size === 1);
  if (isKnown(b) && isVector) return byWeight(call, a, b, bias);
  const product = isKnown(b) ? inOrder(byWeight(call, a, b), [0, 1]) : matmul({ a: call.value(a), b: call.value(b) });
  const scaled = times(product, alpha);
  return computed(bias ? add({ a: scaled, b: times(call.weight(bias), beta) }) : scaled, shape);
};

/** The order that exchanges the last two axes of a tensor that lies so in memory: keys of an attention, read as columns. */
function liesFlipped({ shape, memory }: Tensor): number[] | undefined {
  const axes = [...shape.keys()];
  return memory.at(-1)?.axis === shape.length - 2 ? [...axes.slice(0, -2), shape.length - 1, shape.length - 2] : undefined;
}

/** A product over the last two axes; vectors count as a row or a column, and leading axes broadcast. */
export function multiplied(call: NodeCall, a: Tensor, b: Tensor): Computed {
  if (a.shape.length === 0 || b.shape.length === 0) call.misfit("expected at least one axis");
  if (a.shape.at(-1) !== (b.shape.at(-2) ?? b.shape[0])) call.misfit("inner sizes differ");
  if (a.shape.length >= 2 && b.shape.length === 2 && isKnown(b)) return byWeight(call, a, b);
  const left = a.shape.length === 1 ? reshaped(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? reshaped(b, [...b.shape, 1]) : b;
  const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2)) ?? call.misfit("leading axes do not broadcast");
  const flipped = liesFlipped(right);
  const whole = isKnown(left) || isKnown(right) || flipped ? undefined : attentionOf(call.value(left), call.value(right));
  if (whole && batch.length > 0) return reshaped(whole, [...batch, last(left.shape, 2), last(right.shape, 1)]) as Computed;
  const y = matmul({ a: call.value(left), b: flipped ? call.value(transposed(right, flipped)) : call.value(right) }, { transposeB: flipped !== undefined });
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [last(left.shape, 2)]), ...(b.shape.length === 1 ? [] : [last(right.shape, 1)])];
  return computed(viewed(y, shape), shape);
}

export const products: Readonly<Record<string, Build>> = { Gemm: gemm, MatMul: (call) => multiplied(call, call.input(0), call.input(1)) };
