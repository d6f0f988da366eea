import { type Shape, sizeOf, stridesOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { averagePool } from "../../../ops/average-pool.js";
import { combine } from "../../../ops/combine.js";
import { globalAveragePool } from "../../../ops/global-average-pool.js";
import { map } from "../../../ops/map.js";
import { maxPool } from "../../../ops/max-pool.js";
import { mul } from "../../../ops/mul.js";
import { pad } from "../../../ops/pad.js";
import { select } from "../../../ops/select.js";
import { slice } from "../../../ops/slice.js";
import { spend } from "../effort.js";
import { windowOf, type WindowAxes } from "../evaluate/network.js";
import type { Build, NodeCall } from "./call.js";
import { channelsLast, channelsSecond, planar, unpadded, windowWithHeight, withHeight } from "./convolution.js";
import { scalar, times } from "./elementwise.js";
import { type Computed, type Tensor, viewed } from "./tensor.js";
import { windowMean, windowSum } from "./window-sum.js";

/** One pool along height and width of [N, H, W, C]. */
type Pool = (
  x: Value,
  window: { kernel: readonly number[]; stride: readonly number[]; dilation: readonly number[]; padding: readonly number[]; ceilMode: boolean },
) => Value;

/** Windows of up to three axes. Those of depth are pooled after the planes: both pools are separable. */
function pooled(call: NodeCall, x: Tensor, window: WindowAxes, pool: Pool): Computed {
  const spatial = x.shape.length - 2;
  if (spatial < 1 || spatial > 3) call.unsupported(`a pool along ${spatial} axes`);
  const ceilMode = call.int("ceil_mode", 0) !== 0;
  const plane = windowWithHeight(window);
  const kernel = plane.kernel.slice(-2);
  const image = withHeight(x);
  const value = call.value(image, channelsLast(image.shape.length));
  if (spatial < 3) return channelsSecond(pool(value, { ...planar(plane), kernel, ceilMode }), window.out);
  const [count, depth, height, width, channels] = value.shape;
  const images = viewed(value, [count * depth, height, width, channels]);
  const planes = pool(images, { ...planar(plane), kernel, ceilMode });
  const [, outHeight, outWidth] = planes.shape;
  const stacks = viewed(planes, [count, depth, outHeight * outWidth, channels]);
  const [stride, dilation] = [window.strides[0], window.dilations[0]];
  const deep = { kernel: [window.kernel[0], 1], stride: [stride, 1], dilation: [dilation, 1], padding: [window.before[0], window.after[0], 0, 0], ceilMode };
  return channelsSecond(pool(stacks, deep), window.out);
}

/** What window position `at` of an axis reads as its tap `tap`: padded with -Infinity, a slice. */
function tapOf(x: Value, axis: number, { strides, dilations, kernel, before, out }: WindowAxes, i: number, tap: number): Value {
  const size = x.shape[axis];
  const reach = (out[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1;
  const along = (number: number, other: readonly number[]) => other.with(axis, number);
  const none = x.shape.map(() => 0);
  const padded = pad({ x }, { before: along(before[i], none), after: along(Math.max(0, reach - size - before[i]), none), value: -Infinity });
  const steps = along(
    strides[i],
    x.shape.map(() => 1),
  );
  return slice({ x: padded }, { starts: along(tap * dilations[i], none), sizes: along(out[i], x.shape), steps });
}

/** What the nodes of one tap cost beside its numbers. */
const stepsOfNodes = 1000;

/** The maximum of each window and where it lies in the whole tensor, counted row by row, or column by column with `storage_order`. */
function maxWithPlaces(call: NodeCall, x: Tensor, window: WindowAxes): [Computed, Computed] {
  const [count, channels, ...size] = x.shape;
  const columns = call.int("storage_order", 0) !== 0;
  const strides = columns ? stridesOf(size.toReversed()).reverse() : stridesOf(size);
  const { graph } = call.net;
  const order = channelsLast(x.shape.length);
  const image = call.value(x, order);
  let best: Value | undefined;
  let place: Value | undefined;
  spend(sizeOf(window.kernel) * (sizeOf(window.out) + stepsOfNodes));
  const [outSteps, kernelSteps] = [stridesOf(window.out), stridesOf(window.kernel)];
  for (let tap = 0; tap < sizeOf(window.kernel); tap++) {
    const index = size.map((_, i) => Math.floor(tap / kernelSteps[i]) % window.kernel[i]);
    const value = index.reduce((from, at, i) => tapOf(from, i + 1, window, i, at), image);
    const places = Float32Array.from({ length: sizeOf(window.out) }, (_, point) =>
      index.reduce((sum, at, i) => {
        const start = (Math.floor(point / outSteps[i]) % window.out[i]) * window.strides[i] - window.before[i];
        return sum + (start + at * window.dilations[i]) * strides[i];
      }, 0),
    );
    const here = graph.constant(places, [1, ...window.out, 1]);
    const larger: Value | undefined = best && combine({ a: value, b: best }, { fn: "greater" });
    place = larger && place ? select({ condition: larger, a: here, b: place }) : here;
    best = larger && best ? select({ condition: larger, a: value, b: best }) : value;
  }
  const planes = Float32Array.from({ length: count * channels }, (_, plane) => plane * sizeOf(size));
  const base = graph.constant(planes, [count, ...size.map(() => 1), channels]);
  const indices = channelsSecond(add({ a: place as Value, b: base }), window.out);
  return [channelsSecond(best as Value, window.out), { ...indices, type: "int64" }];
}

/** A pool's padding together with that of a node before it, as far as no window holds padding alone. */
function padded(
  x: Value,
  { kernel, padding }: { kernel: readonly number[]; padding: readonly number[] },
  filler: number,
): { inner: Value; padding: readonly number[] } {
  const { inner, sides } = unpadded(x, filler);
  const both = padding.map((side, i) => side + sides[i]);
  return both.every((side, i) => side < kernel[i >> 1]) ? { inner, padding: both } : { inner: x, padding };
}

const spatialOf = ({ shape }: { readonly shape: Shape }) => shape.slice(2);

const windowed = (call: NodeCall, x: Tensor) => windowOf(call, spatialOf(x), call.ints("kernel_shape") ?? call.fail("kernel_shape is missing"));

const max: Build = (call) => {
  const x = call.input(0);
  const window = windowed(call, x);
  if (call.node.outputs[1]) return maxWithPlaces(call, x, window);
  return pooled(call, x, window, (value, rest) => {
    const { inner, padding } = padded(value, rest, -Infinity);
    return maxPool({ x: inner }, { ...rest, padding });
  });
};

const average: Build = (call) => {
  const x = call.input(0);
  const countIncludePad = call.int("count_include_pad", 0) !== 0;
  return pooled(call, x, windowed(call, x), (value, { dilation, ...window }) => {
    if (dilation.some((step) => step !== 1)) return windowMean(value, { ...window, dilation }, countIncludePad);
    const counts = countIncludePad || window.padding.every((side) => side === 0);
    const { inner, padding } = counts ? padded(value, window, 0) : { inner: value, padding: window.padding };
    return averagePool({ x: inner }, { ...window, padding, countIncludePad: countIncludePad || inner !== value });
  });
};

/** The p-th root of a sum of p-th powers. */
const root = (total: Value, p: number) => {
  if (p === 1) return total;
  return p === 2 ? map({ x: total }, { fn: "sqrt" }) : combine({ a: total, b: scalar(total, 1 / p) }, { fn: "pow" });
};
const raised = (x: Value, p: number) => {
  if (p === 2) return mul({ a: x, b: x });
  const size = map({ x }, { fn: "abs" });
  return p === 1 ? size : combine({ a: size, b: scalar(x, p) }, { fn: "pow" });
};

const norm: Build = (call) => {
  const [x, p] = [call.computed(call.input(0)), call.int("p", 2)];
  const y = pooled(call, { ...x, value: raised(x.value, p) }, windowed(call, x), windowSum);
  return { ...y, value: root(y.value, p) };
};

const globalNorm: Build = (call) => {
  const p = call.int("p", 2);
  return global((x) => root(times(globalAveragePool({ x: raised(x, p) }), x.shape[1] * x.shape[2]), p))(call);
};

/** One window over all of [N, C, ...]: [N, C, 1, ...]. */
const global =
  (pool: (x: Value) => Value): Build =>
  (call) => {
    const x = call.input(0);
    const [count, channels, ...size] = x.shape;
    if (sizeOf(size) === 0) call.misfit("expected at least one element for each channel");
    const value = viewed(call.value(x, channelsLast(x.shape.length)), [count, size[0] ?? 1, sizeOf(size.slice(1)), channels]);
    const y = viewed(pool(value), [count, 1, 1, channels]);
    return channelsSecond(
      y,
      size.map(() => 1),
    );
  };

export const pools: Readonly<Record<string, Build>> = {
  MaxPool: max,
  AveragePool: average,
  GlobalAveragePool: global((x) => globalAveragePool({ x })),
  LpPool: norm,
  GlobalLpPool: globalNorm,
  GlobalMaxPool: global((x) => maxPool({ x }, { kernel: x.shape.slice(1, 3) })),
};
