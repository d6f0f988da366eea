import { type Shape, sizeOf } from "../../../core/shape.js";
import { concat } from "../../../ops/concat.js";
import { pad } from "../../../ops/pad.js";
import { type PadMode, padMode } from "../../../ops/pad-mode.js";
import { slice } from "../../../ops/slice.js";
import { constant, integers } from "../constant.js";
import { spend } from "../effort.js";
import { blockMove, flattened, padSizes, reshapedShape, sliceWindow, splitSizes, squeezed, transposeOrder, unsqueezed } from "../evaluate/shapes.js";
import type { Build, NodeCall } from "./call.js";
import { axisOrder, reshapedLayout } from "./layout.js";
import { type Computed, computed, isKnown, known, reshaped, type Tensor, transposed } from "./tensor.js";

/** Operators that only say how the same numbers are to be read. Known tensors stay what they are; `undefined` where they would have to move. */
type View = (call: NodeCall) => Tensor | undefined;

const shaped =
  (f: (call: NodeCall, shape: Shape) => Shape): View =>
  (call) => {
    const x = call.input(0);
    const shape = f(call, x.shape);
    return isKnown(x) && !reshapedLayout(x, shape) ? undefined : reshaped(x, shape);
  };

export const views: Readonly<Record<string, View>> = {
  Identity: (call) => call.input(0),
  Reshape: shaped((call, shape) => reshapedShape(call, shape, call.required(1, "shape"), call.int("allowzero", 0) !== 0)),
  Flatten: shaped(flattened),
  Squeeze: shaped((call, shape) => squeezed(call, shape, call.numbers(1, "axes"))),
  Unsqueeze: shaped((call, shape) => unsqueezed(call, shape, call.required(1, "axes"))),
  Transpose: (call) => {
    const x = call.input(0);
    return transposed(x, transposeOrder(call, x.shape.length));
  },
};

/** What shapes say is known whatever the numbers are. */
const shapeOf: Build = (call) => {
  const { shape } = call.input(0);
  return known(integers(shape.slice(call.int("start", 0), call.has("end") ? call.int("end") : undefined)), "", { varies: true });
};

const concatenation: Build = (call) => {
  const tensors = call.all();
  const rank = tensors[0].shape.length;
  const axis = call.axis(call.int("axis"), rank);
  const fits = tensors.every(({ shape }) => shape.length === rank && shape.every((size, i) => i === axis || size === tensors[0].shape[i]));
  if (!fits) call.misfit(`shapes differ in more than axis ${axis}`);
  const lead = tensors.reduce((a, b) => (isKnown(b) || (!isKnown(a) && sizeOf(b.shape) <= sizeOf(a.shape)) ? a : b));
  const order = axisOrder(lead);
  const parts = tensors.filter(({ shape }) => sizeOf(shape) > 0).map((tensor) => call.value(tensor, order));
  const total = tensors.reduce((sum, { shape }) => sum + shape[axis], 0);
  const value = parts.length === 1 ? parts[0] : concat(parts.length > 0 ? parts : [call.value(lead, order)], { axis: order.indexOf(axis) });
  return computed(value, tensors[0].shape.with(axis, total), order, lead.type);
};

/** Elements `starts + i * steps` of a tensor, as it lies in memory. */
export function sliced(call: NodeCall, x: Tensor, { starts, sizes, steps }: { starts: readonly number[]; sizes: Shape; steps?: readonly number[] }): Computed {
  const order = axisOrder(x);
  const along = (list: readonly number[]) => order.map((axis) => list[axis]);
  const y = slice({ x: call.value(x, order) }, { starts: along(starts), sizes: along(sizes), ...(steps && { steps: along(steps) }) });
  return computed(y, sizes, order, x.type);
}

const sliceNode: Build = (call) => {
  const x = call.input(0);
  const given = { starts: call.required(1, "starts"), ends: call.required(2, "ends"), axes: call.numbers(3, "axes"), steps: call.numbers(4, "steps") };
  const window = sliceWindow(call, x.shape, given);
  return window.sizes.join() === x.shape.join() && window.steps.every((step) => step === 1) ? x : sliced(call, x, window);
};

const split: Build = (call) => {
  const x = call.input(0);
  const axis = call.axis(call.int("axis", 0), x.shape.length);
  let start = 0;
  return splitSizes(call, x.shape[axis], call.numbers(1, "split")).map((size) => {
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    start += size;
    return sliced(call, x, { starts, sizes: x.shape.with(axis, size) });
  });
};

const padding: Build = (call) => {
  const x = call.input(0);
  const mode = call.text("mode", "constant");
  const rank = x.shape.length;
  const [before, after] = padSizes(call, rank, call.required(1, "pads"), call.numbers(3, ""));
  const cut = (sizes: readonly number[]) => sizes.map((size) => Math.max(0, -size));
  const [head, tail] = [cut(before), cut(after)];
  const inner = [...head, ...tail].every((size) => size === 0)
    ? x
    : sliced(call, x, { starts: head, sizes: x.shape.map((size, axis) => size - head[axis] - tail[axis]) });
  const order = axisOrder(inner);
  const along = (list: readonly number[]) => order.map((axis) => Math.max(0, list[axis]));
  const sides = { before: along(before), after: along(after) };
  const value = call.value(inner, order);
  const filler = call.number(2, "value") ?? 0;
  const modes: readonly string[] = ["edge", "reflect", "wrap"];
  if (mode !== "constant" && !modes.includes(mode)) call.unsupported(`mode "${mode}"`);
  spend(mode === "constant" ? 0 : [...sides.before, ...sides.after].reduce((a, b) => a + b, 0));
  const y = mode === "constant" ? pad({ x: value }, { ...sides, value: filler }) : padMode({ x: value }, { ...sides, mode: mode as PadMode });
  const shape = inner.shape.map((size, axis) => size + Math.max(0, before[axis]) + Math.max(0, after[axis]));
  return computed(y, shape, order, x.type);
};

const blocks =
  (kind: "DepthToSpace" | "SpaceToDepth"): Build =>
  (call) => {
    const x = call.input(0);
    const { view, order, shape } = blockMove(call, x.shape, kind);
    if (sizeOf(view.map(Math.floor)) !== sizeOf(x.shape)) call.misfit("does not divide into blocks");
    return reshaped(transposed(reshaped(x, view), order), shape);
  };

export const shapeOperators: Readonly<Record<string, Build>> = {
  Shape: shapeOf,
  Size: (call) => known(constant("int64", [], [sizeOf(call.input(0).shape)]), "", { varies: true }),
  Concat: concatenation,
  Slice: sliceNode,
  Split: split,
  Pad: padding,
  DepthToSpace: blocks("DepthToSpace"),
  SpaceToDepth: blocks("SpaceToDepth"),
};
