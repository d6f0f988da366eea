/** Operators that move numbers or say where they are, on tensors of any type. */
import { spend } from "../effort.js";
import { sizeOf, stridesOf, type Shape } from "../../../core/shape.js";
import { type Constant, constant, elementsOf, integers } from "../constant.js";
import type { Call, Evaluate } from "../operator.js";
import { concatenate, reshaped, stretched, strided, taken, walk, commonShape } from "./arrays.js";

/** Whole numbers that an input brings, or an attribute of that name in older opsets. */
export function numbers(call: Call, input: number, attribute: string): number[] | undefined {
  const given = call.inputs[input];
  if (given) return Array.from(given.data);
  return call.ints(attribute)?.slice();
}

const numbersOf = (call: Call, input: number, attribute: string): number[] => numbers(call, input, attribute) ?? call.fail(`${attribute} is missing`);

/** Reshape's target with its zeros (as the input) and its -1 (what is left) filled in. */
export function reshapedShape(call: Call<{ readonly shape: Shape }>, from: Shape, target: readonly number[], keepZeros: boolean): Shape {
  const shape = target.map((size, axis) => (size === 0 && !keepZeros ? (from[axis] ?? call.fail(`shape [${target}] copies axis ${axis}`)) : size));
  const open = shape.indexOf(-1);
  if (open >= 0) {
    const rest = sizeOf(shape.with(open, 1));
    shape[open] = rest === 0 ? 0 : sizeOf(from) / rest;
  }
  if (shape.some((size) => !Number.isInteger(size) || size < 0) || sizeOf(shape) !== sizeOf(from)) call.misfit(`cannot become [${target}]`);
  return shape;
}

/** Starts, steps and sizes of a Slice for every axis of `shape`. */
export function sliceWindow(
  call: Call<{ readonly shape: Shape }>,
  shape: Shape,
  { starts, ends, axes = starts.map((_, i) => i), steps = starts.map(() => 1) }: { starts: number[]; ends: number[]; axes?: number[]; steps?: number[] },
): { starts: number[]; steps: number[]; sizes: number[] } {
  const window = { starts: shape.map(() => 0), steps: shape.map(() => 1), sizes: [...shape] };
  call.axes(axes, shape.length).forEach((axis, i) => {
    const [size, step] = [shape[axis], steps[i]];
    if (!Number.isInteger(step) || step === 0) call.fail(`steps expects whole numbers other than 0, got ${step}`);
    const bound = (value: number, low: number, high: number) => Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const start = step > 0 ? bound(starts[i], 0, size) : bound(starts[i], 0, size - 1);
    const end = step > 0 ? bound(ends[i], 0, size) : bound(ends[i], -1, size - 1);
    window.starts[axis] = start;
    window.steps[axis] = step;
    window.sizes[axis] = size === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
  });
  return window;
}

/** Sizes of the parts of a Split. */
export function splitSizes(call: Call<{ readonly shape: Shape }>, size: number, given: readonly number[] | undefined): number[] {
  const parts = given?.length ?? call.int("num_outputs", call.node.outputs.length);
  if (!(Number.isInteger(parts) && parts >= 1)) call.fail(`expected 1 part or more, got ${parts}`);
  spend(parts);
  const each = Math.ceil(size / parts);
  const sizes = given ? [...given] : Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(each, size - i * each)));
  if (sizes.some((part) => !(Number.isInteger(part) && part >= 0)) || sizes.reduce((a, b) => a + b, 0) !== size) call.misfit(`cannot be split into [${sizes}]`);
  return sizes;
}

/** The shape that Squeeze leaves. */
export function squeezed(call: Call<{ readonly shape: Shape }>, shape: Shape, given: readonly number[] | undefined): Shape {
  const gone = given ? call.axes(given, shape.length) : shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  for (const axis of gone) if (shape[axis] !== 1) call.misfit(`axis ${axis} has size ${shape[axis]}, not 1`);
  return shape.filter((_, axis) => !gone.includes(axis));
}

/** The shape that Unsqueeze makes. */
export function unsqueezed(call: Call<{ readonly shape: Shape }>, shape: Shape, given: readonly number[]): Shape {
  const rank = shape.length + given.length;
  const ones = new Set(call.axes(given, rank));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (ones.has(axis) ? 1 : (rest.shift() as number)));
}

/** Flatten's rows and columns. */
export function flattened(call: Call<{ readonly shape: Shape }>, shape: Shape): Shape {
  const given = call.int("axis", 1);
  const axis = given === shape.length ? given : call.axis(given, shape.length);
  return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
}

/** An index counted from either end. */
export function within(call: Call<{ readonly shape: Shape }>, index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  if (!(Number.isInteger(at) && at >= 0 && at < size)) call.fail(`index ${index} is outside of ${size}`);
  return at;
}

const gather: Evaluate = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = call.axis(call.int("axis", 0), x.shape.length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const count = indices.data.length;
  const places = Array.from(indices.data, (index) => within(call, index, x.shape[axis]));
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return [
    taken(x, shape, (at) => {
      const row = Math.floor(at / inner);
      return (Math.floor(row / count) * x.shape[axis] + places[row % count]) * inner + (at % inner);
    }),
  ];
};

const gatherElements: Evaluate = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = call.axis(call.int("axis", 0), x.shape.length);
  const strides = stridesOf(x.shape);
  const data = elementsOf(x.type, sizeOf(indices.shape));
  walk(indices.shape, [strides.with(axis, 0)], [0], (at, [from]) => {
    data[at] = x.data[from + within(call, indices.data[at], x.shape[axis]) * strides[axis]];
  });
  return [{ type: x.type, shape: indices.shape, data }];
};

/** Offsets in x that the rows of GatherND's or ScatterND's indices [..., depth] lead to, behind `batch` shared axes. */
function offsets(call: Call, x: Constant, indices: Constant, batch: number): { places: number[]; inner: number; depth: number } {
  const depth = indices.shape.at(-1) ?? call.misfit("indices are a scalar");
  if (batch + depth > x.shape.length) call.misfit(`indices name ${depth} axes`);
  const strides = stridesOf(x.shape);
  const rows = sizeOf(indices.shape.slice(0, -1));
  const perBatch = sizeOf(indices.shape.slice(batch, -1));
  const batchStride = sizeOf(x.shape.slice(batch));
  const places = Array.from({ length: rows }, (_, row) => {
    let offset = Math.floor(row / Math.max(perBatch, 1)) * batchStride;
    for (let i = 0; i < depth; i++) offset += within(call, indices.data[row * depth + i], x.shape[batch + i]) * strides[batch + i];
    return offset;
  });
  return { places, inner: sizeOf(x.shape.slice(batch + depth)), depth };
}

const gatherNd: Evaluate = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const batch = call.int("batch_dims", 0);
  const { places, inner, depth } = offsets(call, x, indices, batch);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)];
  return [taken(x, shape, (at) => places[Math.floor(at / inner)] + (at % inner))];
};

const combine: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

const scatterNd: Evaluate = (call) => {
  const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
  const how = combine[call.text("reduction", "none")] ?? call.unsupported(`reduction "${call.text("reduction")}"`);
  const { places, inner } = offsets(call, x, indices, 0);
  if (updates.data.length !== places.length * inner) call.misfit("updates do not fit indices");
  const data = x.data.slice();
  places.forEach((place, row) => {
    for (let i = 0; i < inner; i++) data[place + i] = how(data[place + i], updates.data[row * inner + i]);
  });
  return [constant(x.type, x.shape, data)];
};

/** Where element `at` (from before the start, or past the end) of a padded axis comes from; -1: from the constant. */
export function paddedIndex(mode: string, at: number, size: number): number {
  if (at >= 0 && at < size) return at;
  if (mode === "constant") return -1;
  if (mode === "edge") return Math.min(Math.max(at, 0), size - 1);
  if (mode === "wrap") return ((at % size) + size) % size;
  const period = Math.max(2 * (size - 1), 1);
  const folded = ((at % period) + period) % period;
  return folded < size ? folded : period - folded;
}

/** Begins and ends of Pad for every axis. */
export function padSizes(
  call: Call<{ readonly shape: Shape }>,
  rank: number,
  pads: readonly number[],
  axes: readonly number[] | undefined,
): [number[], number[]] {
  const places = axes ? call.axes(axes, rank) : Array.from({ length: rank }, (_, i) => i);
  if (pads.length !== 2 * places.length) call.misfit(`pads expects ${2 * places.length} numbers, got ${pads.length}`);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  places.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[places.length + i];
  });
  return [before, after];
}

const pad: Evaluate = (call) => {
  const x = call.input(0);
  const rank = x.shape.length;
  const mode = call.text("mode", "constant");
  if (!["constant", "edge", "wrap", "reflect"].includes(mode)) call.unsupported(`mode "${mode}"`);
  const axes = call.inputs[3];
  const [before, after] = padSizes(call, rank, numbersOf(call, 1, "pads"), axes && Array.from(axes.data));
  const value = call.inputs[2]?.data[0] ?? call.float("value", 0);
  const strides = stridesOf(x.shape);
  const shape = x.shape.map((size, axis) => size + before[axis] + after[axis]);
  const data = elementsOf(x.type, sizeOf(shape));
  const identity = shape.map((_, axis) => shape.map((_, i) => +(i === axis)));
  walk(
    shape,
    identity,
    before.map((size) => -size),
    (at, index) => {
      let from = 0;
      for (let axis = 0; axis < rank && from >= 0; axis++) {
        const place = paddedIndex(mode, index[axis], x.shape[axis]);
        from = place < 0 ? -1 : from + place * strides[axis];
      }
      data[at] = from < 0 ? value : x.data[from];
    },
  );
  return [{ type: x.type, shape, data }];
};

const slice: Evaluate = (call) => {
  const x = call.input(0);
  const { starts, steps, sizes } = sliceWindow(call, x.shape, {
    starts: numbersOf(call, 1, "starts"),
    ends: numbersOf(call, 2, "ends"),
    axes: numbers(call, 3, "axes"),
    steps: numbers(call, 4, "steps"),
  });
  const strides = stridesOf(x.shape);
  return [
    strided(
      x,
      sizes,
      strides.map((stride, axis) => stride * steps[axis]),
      starts.reduce((sum, start, axis) => sum + start * strides[axis], 0),
    ),
  ];
};

const split: Evaluate = (call) => {
  const x = call.input(0);
  const axis = call.axis(call.int("axis", 0), x.shape.length);
  const strides = stridesOf(x.shape);
  let start = 0;
  return splitSizes(call, x.shape[axis], numbers(call, 1, "split")).map((size) => {
    const part = strided(x, x.shape.with(axis, size), strides, start * strides[axis]);
    start += size;
    return part;
  });
};

/** Transpose of `shape` by `order`. */
export const transposed = (x: Constant, order: readonly number[]): Constant => {
  const strides = stridesOf(x.shape);
  return strided(
    x,
    order.map((axis) => x.shape[axis]),
    order.map((axis) => strides[axis]),
  );
};

/** Axes of Transpose: reversed where it does not say. */
export function transposeOrder(call: Call<{ readonly shape: Shape }>, rank: number): number[] {
  const order = call.ints("perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (order.length !== rank) call.misfit(`perm [${order}] does not name ${rank} axes`);
  return call.axes(order, rank);
}

const tile: Evaluate = (call) => {
  const [x, repeats] = [call.input(0), Array.from(call.input(1).data)];
  if (repeats.length !== x.shape.length) call.misfit(`repeats expects ${x.shape.length} numbers, got ${repeats.length}`);
  const strides = stridesOf(x.shape);
  const shape = x.shape.flatMap((size, axis) => [repeats[axis], size]);
  const copies = strided(
    x,
    shape,
    strides.flatMap((stride) => [0, stride]),
  );
  return [
    reshaped(
      copies,
      x.shape.map((size, axis) => size * repeats[axis]),
    ),
  ];
};

/** View [N, ...] and order of axes that DepthToSpace and SpaceToDepth are a transpose of, and the shape after it. */
export function blockMove(
  call: Call<{ readonly shape: Shape }>,
  shape: Shape,
  kind: "DepthToSpace" | "SpaceToDepth",
): { view: Shape; order: number[]; shape: Shape } {
  if (shape.length !== 4) call.misfit("expected [N, C, H, W]");
  const [n, c, h, w] = shape;
  const b = call.int("blocksize");
  if (kind === "SpaceToDepth") return { view: [n, c, h / b, b, w / b, b], order: [0, 3, 5, 1, 2, 4], shape: [n, c * b * b, h / b, w / b] };
  return call.text("mode", "DCR") === "DCR"
    ? { view: [n, b, b, c / (b * b), h, w], order: [0, 3, 4, 1, 5, 2], shape: [n, c / (b * b), h * b, w * b] }
    : { view: [n, c / (b * b), b, b, h, w], order: [0, 1, 4, 2, 5, 3], shape: [n, c / (b * b), h * b, w * b] };
}

const blocks =
  (kind: "DepthToSpace" | "SpaceToDepth"): Evaluate =>
  (call) => {
    const x = call.input(0);
    const { view, order, shape } = blockMove(call, x.shape, kind);
    if (sizeOf(view.map(Math.floor)) !== sizeOf(x.shape)) call.misfit("does not divide into blocks");
    return [reshaped(transposed(reshaped(x, view), order), shape)];
  };

const range: Evaluate = (call) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => call.input(i).data[0]);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  spend(sizeOf([count]));
  return [
    constant(
      call.input(0).type,
      [count],
      Float64Array.from({ length: count }, (_, i) => start + i * delta),
    ),
  ];
};

const constantNode: Evaluate = (call) => {
  const value = call.tensor("value");
  if (value) return [value];
  if (call.has("value_float")) return [constant("float32", [], [call.float("value_float")])];
  if (call.has("value_int")) return [constant("int64", [], [call.int("value_int")])];
  const ints = call.ints("value_ints");
  if (ints) return [integers(ints)];
  const floats = call.node.attributes.get("value_floats");
  if (Array.isArray(floats)) return [constant("float32", [floats.length], floats as number[])];
  return call.unsupported("a constant that is neither numbers nor a tensor");
};

export const shapes: Readonly<Record<string, Evaluate>> = {
  Constant: constantNode,
  ConstantOfShape: (call) => {
    const shape = Array.from(call.input(0).data);
    const { type, data } = call.tensor("value") ?? constant("float32", [1], [0]);
    return [{ type, shape, data: elementsOf(type, sizeOf(shape)).fill(data[0]) }];
  },
  Shape: (call) => {
    const { shape } = call.input(0);
    return [integers(shape.slice(call.int("start", 0), call.has("end") ? call.int("end") : undefined))];
  },
  Size: (call) => [constant("int64", [], [sizeOf(call.input(0).shape)])],
  Reshape: (call) => {
    const x = call.input(0);
    return [reshaped(x, reshapedShape(call, x.shape, numbersOf(call, 1, "shape"), call.int("allowzero", 0) !== 0))];
  },
  Flatten: (call) => [reshaped(call.input(0), flattened(call, call.input(0).shape))],
  Squeeze: (call) => [reshaped(call.input(0), squeezed(call, call.input(0).shape, numbers(call, 1, "axes")))],
  Unsqueeze: (call) => [reshaped(call.input(0), unsqueezed(call, call.input(0).shape, numbersOf(call, 1, "axes")))],
  Transpose: (call) => [transposed(call.input(0), transposeOrder(call, call.input(0).shape.length))],
  Expand: (call) => {
    const x = call.input(0);
    return [stretched(x, commonShape([x.shape, Array.from(call.input(1).data)], call.where))];
  },
  Concat: (call) => {
    const tensors = call.all();
    const axis = call.axis(call.int("axis"), tensors[0].shape.length);
    const fits = tensors.every(({ shape }) => shape.length === tensors[0].shape.length && shape.every((size, i) => i === axis || size === tensors[0].shape[i]));
    if (!fits) call.misfit(`shapes differ in more than axis ${axis}`);
    return [concatenate(tensors, axis)];
  },
  Split: split,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterND: scatterNd,
  DepthToSpace: blocks("DepthToSpace"),
  SpaceToDepth: blocks("SpaceToDepth"),
  Range: range,
  Dropout: (call) => {
    const x = call.input(0);
    if (call.inputs[2]?.data[0] && (call.inputs[1]?.data[0] ?? 0.5) !== 0) call.unsupported("a random mask");
    return [x, constant("bool", x.shape, new Uint8Array(x.data.length).fill(1))];
  },
};
