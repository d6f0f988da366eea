/** Resize, axis by axis: each output place mixes a few inputs with weights that its mode and coordinates give. */
import { roomFor, spend } from "../effort.js";
import { type Shape, sizeOf } from "../../../core/shape.js";
import { constant } from "../constant.js";
import type { Call, Evaluate } from "../operator.js";
import { roundEven } from "./elementwise.js";

/** Along one axis of Resize: for each output place, which inputs it mixes and with which weights. */
export function resizeWeights(
  call: Call<{ readonly shape: Shape }>,
  from: number,
  to: number,
  scale: number,
  region: readonly [number, number],
): Map<number, number>[] {
  const mode = call.text("mode", "nearest");
  const place = placeOf(call, from, to, scale, region);
  const antialias = call.int("antialias", 0) !== 0 && scale < 1;
  const extrapolates = call.text("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize";
  spend(sizeOf([to]) * (antialias ? Math.ceil(4 / scale) : 4));
  return Array.from({ length: to }, (_, i) => {
    const x = place(i);
    const weights = new Map<number, number>();
    if (extrapolates && (x < 0 || x > from - 1)) return weights;
    const add = (at: number, weight: number) => {
      const inside = Math.min(Math.max(at, 0), from - 1);
      if (call.int("exclude_outside", 0) && inside !== at) return;
      if (weight !== 0) weights.set(inside, (weights.get(inside) ?? 0) + weight);
    };
    if (mode === "nearest") add(nearest(call, x), 1);
    else {
      const stretch = antialias ? scale : 1;
      const [kernel, support] =
        mode === "linear" ? [triangle, 1] : mode === "cubic" ? [cubic(call.float("cubic_coeff_a", -0.75)), 2] : call.unsupported(`mode "${mode}"`);
      for (let at = Math.floor(x - support / stretch) + 1; at < x + support / stretch; at++) add(at, kernel((at - x) * stretch));
    }
    const total = [...weights.values()].reduce((a, b) => a + b, 0);
    for (const [at, weight] of weights) weights.set(at, weight / total);
    return weights;
  });
}

const triangle = (t: number) => Math.max(0, 1 - Math.abs(t));
/** Keys' cubic convolution (1981). */
const cubic = (a: number) => (t: number) => {
  const x = Math.abs(t);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
};

function nearest(call: Call<{ readonly shape: Shape }>, x: number): number {
  const mode = call.text("nearest_mode", call.opset < 11 ? "floor" : "round_prefer_floor");
  if (mode === "floor") return Math.floor(x);
  if (mode === "ceil") return Math.ceil(x);
  return mode === "round_prefer_ceil" ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
}

function placeOf(
  call: Call<{ readonly shape: Shape }>,
  from: number,
  to: number,
  scale: number,
  [start, end]: readonly [number, number],
): (i: number) => number {
  const mode = call.text("coordinate_transformation_mode", call.opset < 11 ? "asymmetric" : "half_pixel");
  switch (mode) {
    case "half_pixel":
      return (i) => (i + 0.5) / scale - 0.5;
    case "half_pixel_symmetric": {
      const shift = (from / 2) * (1 - to / (scale * from));
      return (i) => shift + (i + 0.5) / scale - 0.5;
    }
    case "pytorch_half_pixel":
      return (i) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0);
    case "align_corners":
      return (i) => (to > 1 ? (i * (from - 1)) / (scale * from - 1) : 0);
    case "tf_half_pixel_for_nn":
      return (i) => (i + 0.5) / scale;
    case "asymmetric":
      return (i) => i / scale;
    case "tf_crop_and_resize":
      return (i) => (to > 1 ? start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1) : 0.5 * (start + end) * (from - 1));
  }
  return call.unsupported(`coordinate_transformation_mode "${mode}"`);
}

/** Which inputs of Resize, and of the Upsample that it once was, have the region to read, the scales and the sizes. */
export const resizeInputs = ({ opset }: { readonly opset: number }) =>
  opset < 11 ? { roi: undefined, scales: 1, sizes: undefined } : { roi: 1, scales: 2, sizes: 3 };

/** Sizes and scales that Resize asks for, for every axis; and the region that tf_crop_and_resize reads. */
export function resizeTarget(
  call: Call<{ readonly shape: Shape }>,
  shape: Shape,
  { roi, scales, sizes }: { roi?: readonly number[]; scales?: readonly number[]; sizes?: readonly number[] },
): { sizes: number[]; scales: number[]; regions: [number, number][] } {
  const axes = call.axes(call.ints("axes") ?? shape.map((_, axis) => axis), shape.length);
  const target = { sizes: [...shape], scales: shape.map(() => 1), regions: shape.map((): [number, number] => [0, 1]) };
  const ratios = axes.map((axis, i) => (sizes ? sizes[i] / shape[axis] : (scales?.[i] ?? call.fail("neither sizes nor scales are given"))));
  const policy = call.text("keep_aspect_ratio_policy", "stretch");
  const kept = policy === "not_larger" ? Math.min(...ratios) : policy === "not_smaller" ? Math.max(...ratios) : undefined;
  axes.forEach((axis, i) => {
    const scale = sizes && kept !== undefined ? kept : ratios[i];
    target.scales[axis] = scale;
    target.sizes[axis] = sizes ? (kept === undefined ? sizes[i] : roundEven(kept * shape[axis])) : Math.floor(shape[axis] * scale);
    if (roi) {
      target.regions[axis] = [roi[i], roi[axes.length + i]];
      if (call.text("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize" && !sizes)
        target.sizes[axis] = Math.floor(shape[axis] * (roi[axes.length + i] - roi[i]) * scale);
    }
  });
  return target;
}

export const resize: Evaluate = (call) => {
  let x = call.input(0);
  const places = resizeInputs(call);
  const list = (i: number | undefined) => (i !== undefined && call.inputs[i]?.data.length ? Array.from(call.input(i).data) : undefined);
  const given = { roi: list(places.roi), scales: list(places.scales) ?? call.floats("scales"), sizes: list(places.sizes) };
  const { sizes, scales, regions } = resizeTarget(call, x.shape, given);
  const filler = call.float("extrapolation_value", 0);
  sizes.forEach((size, axis) => {
    if (size === x.shape[axis] && scales[axis] === 1 && regions[axis].join() === "0,1") return;
    const weights = resizeWeights(call, x.shape[axis], size, scales[axis], regions[axis]);
    const shape = x.shape.with(axis, size);
    const inner = sizeOf(shape.slice(axis + 1));
    const from = x;
    const out = roomFor(sizeOf(shape));
    for (let at = 0; at < out.length; at++) {
      const [row, column] = [Math.floor(at / inner), at % inner];
      const mixed = weights[row % size];
      const line = Math.floor(row / size) * from.shape[axis];
      if (mixed.size === 0) out[at] = filler;
      for (const [place, weight] of mixed) out[at] += from.data[(line + place) * inner + column] * weight;
    }
    x = { ...x, shape, data: out };
  });
  return [constant(call.input(0).type, x.shape, x.data)];
};
