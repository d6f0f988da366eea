import { type Shape, sizeOf, stridesOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { expand } from "../../../ops/expand.js";
import { gather } from "../../../ops/gather.js";
import { gatherNd, scatterNd } from "../../../ops/gather-nd.js";
import { map } from "../../../ops/map.js";
import { tile } from "../../../ops/tile.js";
import { spend } from "../effort.js";
import { commonShape } from "../evaluate/arrays.js";
import { within } from "../evaluate/shapes.js";
import type { Build, NodeCall } from "./call.js";
import { times } from "./elementwise.js";
import { axisOrder } from "./layout.js";
import { sliced } from "./shapes.js";
import { computed, reshaped, type Tensor } from "./tensor.js";

/** Places along an axis that are known, all at one distance: a slice. */
function asSlice(places: readonly number[]): { start: number; step: number } | undefined {
  const step = places.length > 1 ? places[1] - places[0] : 1;
  return places.length > 0 && step !== 0 && places.every((place, i) => place === places[0] + i * step) ? { start: places[0], step } : undefined;
}

const gatherNode: Build = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = call.axis(call.int("axis", 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const places = call.constant(1)?.data;
  const known = places && Array.from(places, (place) => within(call, place, x.shape[axis]));
  const slice = known && asSlice(known);
  if (slice) {
    const starts = x.shape.map((_, i) => (i === axis ? slice.start : 0));
    const steps = x.shape.map((_, i) => (i === axis ? slice.step : 1));
    return reshaped(sliced(call, x, { starts, sizes: x.shape.with(axis, known.length), steps }), shape);
  }
  const order = axisOrder(x);
  const at = order.indexOf(axis);
  const y = gather({ x: call.value(x, order), indices: known ? constants(call, known, indices.shape) : call.value(indices) }, { axis: at });
  const later = indices.shape.length - 1;
  const moved = (i: number) => (i > axis ? i + later : i);
  const memory = order.flatMap((i) => (i === axis ? indices.shape.map((_, k) => axis + k) : moved(i)));
  return computed(y, shape, memory, x.type);
};

const constants = ({ net }: NodeCall, numbers: readonly number[], shape: Shape) => net.graph.constant(Float32Array.from(numbers), shape);

/** Whole numbers counted from the end where negative, as they are from the start. */
const fromStart = (indices: Value, size: number) =>
  add({ a: indices, b: times(map({ x: map({ x: indices }, { fn: "neg" }) }, { fn: "above", alpha: 0 }), size) });

/** One element for each index: the place along `axis` is the index, along the others its own. */
const gatherElements: Build = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = call.axis(call.int("axis", 0), x.shape.length);
  if (sizeOf(x.shape) >= 2 ** 24) call.unsupported("places beyond 2^24");
  const strides = stridesOf(x.shape);
  const own = stridesOf(indices.shape);
  spend(sizeOf(indices.shape));
  const base = Float32Array.from({ length: sizeOf(indices.shape) }, (_, i) =>
    strides.reduce((sum, stride, k) => sum + (k === axis ? 0 : (Math.floor(i / own[k]) % indices.shape[k]) * stride), 0),
  );
  const along = times(fromStart(call.value(indices), x.shape[axis]), strides[axis]);
  const places = add({ a: along, b: call.net.graph.constant(base, indices.shape) });
  const y = gather({ x: call.value(x, undefined, [sizeOf(x.shape)]), indices: places }, { axis: 0 });
  return computed(y, indices.shape, undefined, x.type);
};

/** Stretched to a shape, as it lies in memory. */
export function expanded(call: NodeCall, x: Tensor, shape: Shape): Tensor {
  const wide = call.widened(x, shape.length);
  if (wide.shape.join() === shape.join()) return wide;
  const order = axisOrder(wide);
  const y = expand({ x: call.value(wide, order) }, { shape: order.map((axis) => shape[axis]) });
  return computed(y, shape, order, x.type);
}

const expandNode: Build = (call) => {
  const x = call.input(0);
  return expanded(call, x, commonShape([x.shape, call.required(1, "shape")], call.where));
};

const tiled: Build = (call) => {
  const [x, repeats] = [call.input(0), call.required(1, "repeats")];
  if (repeats.length !== x.shape.length) call.misfit(`repeats expects ${x.shape.length} numbers, got ${repeats.length}`);
  const order = axisOrder(x);
  const y = tile({ x: call.value(x, order) }, { repeats: order.map((axis) => repeats[axis]) });
  return computed(
    y,
    x.shape.map((size, axis) => size * repeats[axis]),
    order,
    x.type,
  );
};

/** Indices that name elements of the first axes, row by row. */
const gatherRows: Build = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const y = gatherNd({ x: call.value(x), indices: call.value(indices) }, { batchDims: call.int("batch_dims", 0) });
  return computed(y, y.shape, undefined, x.type);
};

const scatterRows: Build = (call) => {
  const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
  const reduction = call.text("reduction", "none") as "none";
  return computed(scatterNd({ x: call.value(x), indices: call.value(indices), updates: call.value(updates) }, { reduction }), x.shape, undefined, x.type);
};

export const gathers: Readonly<Record<string, Build>> = {
  Gather: gatherNode,
  GatherElements: gatherElements,
  GatherND: gatherRows,
  ScatterND: scatterRows,
  Expand: expandNode,
  Tile: tiled,
};
