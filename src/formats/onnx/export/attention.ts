/** Attention, its windows, and norms over the last axis or over groups of channels. */
import type { Value } from "../../../graph/graph.js";
import { constant, integers } from "../constant.js";
import { channelsFirst, type GraphWriter, inOrder, swapped, type WriteNode } from "./graph-writer.js";

/** Softmax over the scores of all pairs of tokens, head by head, written out. */
const attention: WriteNode = (write, { tensors: { qkv, bias, y }, attributes }) => {
  const heads = attributes.heads as number;
  const [tokens, width] = qkv.shape.slice(-2);
  const depth = width / 3 / heads;
  const apart = write.add("Reshape", [write.name(qkv), write.literal(integers([-1, tokens, 3, heads, depth]))]);
  const thirds = write.add("Transpose", [apart], { perm: [2, 0, 3, 1, 4] });
  const [query, key, value] = [0, 1, 2].map((i) => write.add("Gather", [thirds, write.literal(constant("int64", [], [i]))], { axis: 0 }));
  const scaled = write.add("Mul", [query, write.scalar(1 / Math.sqrt(depth))]);
  let scores = write.add("MatMul", [scaled, write.add("Transpose", [key], { perm: [0, 1, 3, 2] })]);
  if (bias) scores = biased(write, scores, bias);
  const mixed = write.add("MatMul", [write.add("Softmax", [scores], { axis: -1 }), value]);
  const together = write.add("Transpose", [mixed], { perm: [0, 2, 1, 3] });
  write.result("Reshape", [together, write.target(y)], {}, inOrder(y.shape.length));
};

/** Image i takes bias i modulo their number. */
function biased(write: GraphWriter, scores: string, bias: Value): string {
  const [count, ...rest] = bias.shape;
  if (count === 1) return write.add("Add", [scores, write.name(bias)]);
  const grouped = write.add("Reshape", [scores, write.literal(integers([-1, count, ...rest]))]);
  return write.add("Reshape", [write.add("Add", [grouped, write.name(bias)]), write.literal(integers([-1, ...rest]))]);
}

const relativePositionBias: WriteNode = (write, { tensors: { table, y }, attributes }) => {
  const [height, width] = attributes.window as readonly number[];
  const pixels = Array.from({ length: height * width }, (_, i) => [Math.floor(i / width), i % width]);
  const places = pixels.flatMap(([a, b]) => pixels.map(([c, d]) => (a - c + height - 1) * (2 * width - 1) + b - d + width - 1));
  const rows = write.add("Gather", [write.name(table), write.literal(constant("int64", [pixels.length, pixels.length], places))], { axis: 0 });
  write.set(y, { name: rows, order: [1, 2, 0] });
};

/** Everything from `shift` on comes first, what was before it last. */
function rolled(write: GraphWriter, x: string, axis: number, shift: number): string {
  if (shift === 0) return x;
  const part = (from: number, to: number) => write.add("Slice", [x, ...[from, to, axis].map((number) => write.literal(integers([number])))]);
  return write.add("Concat", [part(shift, 2 ** 31), part(0, shift)], { axis });
}

/** Windows down and across an image, the last reaching beyond it. */
const gridOf = (height: number, width: number, window: number) => [Math.ceil(height / window), Math.ceil(width / window)];
/** [N, down, window, across, window, C] from and to [N, down, across, window, window, C]. */
const crossed = [0, 1, 3, 2, 4, 5];

const windowPartition: WriteNode = (write, { tensors: { x, y }, attributes }) => {
  const [, height, width, channels] = x.shape;
  const { window, shift } = attributes as { window: number; shift: readonly number[] } & Record<string, never>;
  const [down, across] = gridOf(height, width, window);
  const more = [0, 0, 0, 0, 0, down * window - height, across * window - width, 0];
  const padded = more.some((pixels) => pixels > 0) ? write.add("Pad", [write.name(x), write.literal(integers(more))]) : write.name(x);
  const turned = rolled(write, rolled(write, padded, 1, shift[0]), 2, shift[1]);
  const cut = write.add("Reshape", [turned, write.literal(integers([-1, down, window, across, window, channels]))]);
  write.result("Reshape", [write.add("Transpose", [cut], { perm: crossed }), write.target(y)], {}, [0, 1, 2]);
};

const windowMerge: WriteNode = (write, { tensors: { x, y }, attributes }) => {
  const [, height, width, channels] = y.shape;
  const { window, shift } = attributes as { window: number; shift: readonly number[] } & Record<string, never>;
  const [down, across] = gridOf(height, width, window);
  const windows = write.add("Reshape", [write.name(x), write.literal(integers([-1, down, across, window, window, channels]))]);
  const whole = write.add("Reshape", [
    write.add("Transpose", [windows], { perm: crossed }),
    write.literal(integers([-1, down * window, across * window, channels])),
  ]);
  const back = (size: number, by: number) => (by === 0 ? 0 : size - by);
  const turned = rolled(write, rolled(write, whole, 1, back(down * window, shift[0])), 2, back(across * window, shift[1]));
  const places = [
    [0, 0],
    [height, width],
    [1, 2],
  ].map((numbers) => write.literal(integers(numbers)));
  write.result("Slice", [turned, ...places], {}, inOrder(4));
};

const ones = (write: GraphWriter, length: number, value = 1) => write.literal(constant("float32", [length], new Float32Array(length).fill(value)));

const layerNorm: WriteNode = (write, { tensors: { x, weight, bias }, attributes }) => {
  const scale = weight ? write.name(weight) : ones(write, x.shape[x.shape.length - 1]);
  const inputs = [write.name(x), scale, ...(bias ? [write.name(bias)] : [])];
  write.result("LayerNormalization", inputs, { axis: -1, epsilon: attributes.epsilon as number }, inOrder(x.shape.length));
};

/** Opset 17 has norms of single channels only; groups become channels of their own for them. */
const groupNorm: WriteNode = (write, { tensors: { x, weight, bias, y }, attributes }) => {
  const { groups, epsilon } = attributes as Record<string, number>;
  if (x.shape.length !== 4) write.unsupported(`expected 4 axes, got ${x.shape.length}`);
  const channels = x.shape[3];
  const given = write.name(x, channelsFirst);
  if (groups === channels) {
    const affine = [weight ? write.name(weight) : ones(write, channels), bias ? write.name(bias) : ones(write, channels, 0)];
    return write.result("InstanceNormalization", [given, ...affine], { epsilon }, channelsFirst);
  }
  const grouped = write.add("Reshape", [given, write.literal(integers([0, groups, -1]))]);
  const norm = write.add("InstanceNormalization", [grouped, ones(write, groups), ones(write, groups, 0)], { epsilon });
  let name = write.add("Reshape", [norm, write.target(y, channelsFirst)]);
  const column = (value: Value) => write.add("Reshape", [write.name(value), write.literal(integers([channels, 1, 1]))]);
  if (weight) name = write.add("Mul", [name, column(weight)]);
  if (bias) name = write.add("Add", [name, column(bias)]);
  write.set(y, { name, order: channelsFirst });
};

const matmul: WriteNode = (write, { tensors: { a, b, y }, attributes }) => {
  const operand = (value: Value, turn: unknown) => write.name(value, turn ? swapped(value.shape.length) : undefined);
  write.result("MatMul", [operand(a, attributes.transposeA), operand(b, attributes.transposeB)], {}, inOrder(y.shape.length));
};

export const attentions: Record<string, WriteNode> = {
  attention,
  relativePositionBias,
  windowPartition,
  windowMerge,
  layerNorm,
  groupNorm,
  matmul,
};
