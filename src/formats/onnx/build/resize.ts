import { sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { interpolate } from "../../../ops/interpolate.js";
import { spend } from "../effort.js";
import { resizeInputs, resizeTarget, resizeWeights } from "../evaluate/resize.js";
import type { Build } from "./call.js";
import { axisOrder } from "./layout.js";
import { computed } from "./tensor.js";

/** One axis after the other, by tables of what each place mixes. */
const resize: Build = (call) => {
  const x = call.input(0);
  const places = resizeInputs(call);
  const list = (i: number | undefined, name: string) => {
    const numbers = i === undefined ? undefined : call.numbers(i, name);
    return numbers?.length ? numbers : undefined;
  };
  const { sizes, scales, regions } = resizeTarget(call, x.shape, {
    roi: list(places.roi, "roi"),
    scales: list(places.scales, "") ?? call.floats("scales"),
    sizes: list(places.sizes, ""),
  });
  sizeOf(sizes);
  const filler = call.float("extrapolation_value", 0);
  const order = axisOrder(x);
  let value = call.value(x, order);
  sizes.forEach((size, axis) => {
    if (size === x.shape[axis] && scales[axis] === 1 && regions[axis].join() === "0,1") return;
    spend(size);
    const mixed = resizeWeights(call, x.shape[axis], size, scales[axis], regions[axis]);
    const at = order.indexOf(axis);
    const most = Math.max(1, ...mixed.map((row) => row.size));
    const filled = (row: Map<number, number>, f: (entry: [number, number]) => number) => [...Array.from(row, f), ...new Array<number>(most - row.size).fill(0)];
    const table = { indices: mixed.flatMap((row) => filled(row, ([from]) => from)), weights: mixed.flatMap((row) => filled(row, ([, weight]) => weight)) };
    value = interpolate({ x: value }, { axis: at, size, ...table });
    if (filler !== 0 && mixed.some((row) => row.size === 0))
      value = filledRows(
        value,
        at,
        mixed.map((row) => +(row.size === 0) * filler),
      );
  });
  return computed(value, sizes, order, x.type);
};

/** Numbers added to each row of an axis: those that nothing is mixed in are 0 before. */
function filledRows(value: Value, axis: number, numbers: readonly number[]): Value {
  const shape = value.shape.map((size, i) => (i === axis ? size : 1));
  return add({ a: value, b: value.graph.constant(Float32Array.from(numbers), shape) });
}

export const resizes: Readonly<Record<string, Build>> = { Resize: resize, Upsample: resize };
