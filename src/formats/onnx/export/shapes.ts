/** Ops that move, pick or add up elements. */
import type { Node, Value } from "../../../graph/graph.js";
import { constant, integers } from "../constant.js";
import { channelsFirst, type Exported, type GraphWriter, inOrder, type WriteNode } from "./graph-writer.js";

const reshape: WriteNode = (write, { tensors: { x, y } }) => {
  // [N, C] becomes [N, C, 1, 1] as readily as [N, 1, 1, C].
  const order = y.shape.length === 4 && isInMemoryOrder(write, y, channelsFirst) ? channelsFirst : inOrder(y.shape.length);
  const given = write.get(x);
  const name = isInMemoryOrder(write, x, given.order) ? given.name : write.name(x);
  write.result("Reshape", [name, write.target(y, order)], {}, order);
};

/** Whether a value's elements come in the same sequence with its axes in `order`: those of one element may stand anywhere. */
function isInMemoryOrder(write: GraphWriter, x: Value, order: readonly number[]): boolean {
  const sizes = write.sizes(x);
  const long = order.filter((axis) => sizes[axis] !== 1);
  return long.every((axis, i) => i === 0 || axis > long[i - 1]);
}

/** Nothing moves: the axes are only counted anew. */
const transpose: WriteNode = (write, { tensors: { x, y }, attributes }) => {
  const { name, order } = write.get(x);
  const given = attributes.order as readonly number[];
  write.set(y, { name, order: order.map((axis) => given.indexOf(axis)) });
};

const concat: WriteNode = (write, { tensors, inputNames, attributes }) => {
  const parts = inputNames.map((name) => tensors[name]);
  const { order } = write.get(parts[0]);
  const axis = (attributes.axis as number) < 0 ? (attributes.axis as number) + order.length : (attributes.axis as number);
  const names = parts.map((part) => write.name(part, order));
  write.result("Concat", names, { axis: order.indexOf(axis) }, order);
};

const slice: WriteNode = (write, { tensors: { x, y }, attributes }) => {
  const { name, order } = write.get(x);
  const { starts, sizes } = attributes as Record<string, readonly number[]>;
  const steps = x.shape.map((_, axis) => (attributes.steps as readonly number[])[axis] ?? 1);
  const cut = inOrder(order.length).filter((axis) => steps[axis] !== 1 || sizes[axis] !== x.shape[axis]);
  const open = cut.find((axis) => write.sizes(x)[axis] === undefined);
  if (open !== undefined) write.unsupported("it cuts along the batch");
  // Before the first element, going backwards: any number below -size.
  const end = (axis: number) => {
    const last = starts[axis] + sizes[axis] * steps[axis];
    return last < 0 ? -x.shape[axis] - 1 : last;
  };
  const places = [cut.map((axis) => starts[axis]), cut.map(end), cut.map((axis) => order.indexOf(axis)), cut.map((axis) => steps[axis])];
  if (cut.length === 0) write.set(y, { name, order });
  else write.result("Slice", [name, ...places.map((each) => write.literal(integers(each)))], {}, order);
};

const pad: WriteNode = (write, { tensors: { x }, attributes }) => {
  const { name, order } = write.get(x);
  const { before, after } = attributes as Record<string, readonly number[]>;
  const pads = [...order.map((axis) => before[axis]), ...order.map((axis) => after[axis])];
  write.result("Pad", [name, write.literal(integers(pads)), write.scalar(attributes.value as number)], {}, order);
};

/** The order of what is left where some axes go. */
export function without(order: readonly number[], gone: readonly number[]): number[] {
  return order.filter((axis) => !gone.includes(axis)).map((axis) => axis - gone.filter((other) => other < axis).length);
}

/** Where reduced axes are there, and the order of the result. */
export function reduced(write: GraphWriter, { tensors: { x }, attributes }: Node): Exported & { axes: readonly number[]; keepdims: number } {
  const { name, order } = write.get(x);
  const gone = (attributes.axes as readonly number[]).map((axis) => (axis < 0 ? axis + order.length : axis));
  const keeps = attributes.keepDims as boolean;
  return { name, axes: gone.map((axis) => order.indexOf(axis)).sort((a, b) => a - b), keepdims: Number(keeps), order: keeps ? order : without(order, gone) };
}

const mean: WriteNode = (write, node) => {
  const { name, axes, keepdims, order } = reduced(write, node);
  if (axes.length === 0) write.set(write.output, { name, order });
  else write.result("ReduceMean", [name], { axes, keepdims }, order);
};

/** Sums take their axes as an input since opset 13. */
const sum: WriteNode = (write, node) => {
  const { name, axes, keepdims, order } = reduced(write, node);
  if (axes.length === 0) write.set(write.output, { name, order });
  else write.result("ReduceSum", [name, write.literal(integers(axes))], { keepdims }, order);
};

const softmax: WriteNode = (write, { tensors: { x } }) => {
  const { name, order } = write.get(x);
  write.result("Softmax", [name], { axis: order.indexOf(x.shape.length - 1) }, order);
};

const fill: WriteNode = (write, { tensors: { x, y }, attributes }) => {
  const { name, order } = write.get(x);
  const shape = write.add("Shape", [name]);
  write.set(y, { name: write.add("Expand", [write.literal(constant("float32", [], [attributes.value as number])), shape]), order });
};

export const shapes: Record<string, WriteNode> = { reshape, transpose, concat, slice, pad, mean, sum, softmax, fill };
