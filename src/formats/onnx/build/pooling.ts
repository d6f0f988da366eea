import { type Shape, sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { averagePool } from "../../../ops/average-pool.js";
import { globalAveragePool } from "../../../ops/global-average-pool.js";
import { maxPool } from "../../../ops/max-pool.js";
import { reshape } from "../../../ops/reshape.js";
import { windowOf, type WindowAxes } from "../evaluate/network.js";
import type { Build, NodeCall } from "./call.js";
import { channelsLast, channelsSecond, planar, windowWithHeight, withHeight } from "./convolution.js";
import type { Computed, Tensor } from "./tensor.js";

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
  const images = reshape({ x: value }, { shape: [count * depth, height, width, channels] });
  const planes = pool(images, { ...planar(plane), kernel, ceilMode });
  const [, outHeight, outWidth] = planes.shape;
  const stacks = reshape({ x: planes }, { shape: [count, depth, outHeight * outWidth, channels] });
  const [stride, dilation] = [window.strides[0], window.dilations[0]];
  const deep = { kernel: [window.kernel[0], 1], stride: [stride, 1], dilation: [dilation, 1], padding: [window.before[0], window.after[0], 0, 0], ceilMode };
  return channelsSecond(pool(stacks, deep), window.out);
}

const spatialOf = ({ shape }: { readonly shape: Shape }) => shape.slice(2);

const windowed = (call: NodeCall, x: Tensor) => windowOf(call, spatialOf(x), call.ints("kernel_shape") ?? call.fail("kernel_shape is missing"));

const max: Build = (call) => {
  const x = call.input(0);
  return pooled(call, x, windowed(call, x), (value, { dilation, ...window }) => {
    if (dilation.some((step) => step !== 1)) call.unsupported(`dilations [${dilation}]`);
    return maxPool({ x: value }, window);
  });
};

const average: Build = (call) => {
  const x = call.input(0);
  const countIncludePad = call.int("count_include_pad", 0) !== 0;
  return pooled(call, x, windowed(call, x), (value, { dilation, ...window }) => {
    if (dilation.some((step) => step !== 1)) call.unsupported(`dilations [${dilation}]`);
    return averagePool({ x: value }, { ...window, countIncludePad });
  });
};

/** One window over all of [N, C, ...]: [N, C, 1, ...]. */
const global =
  (pool: (x: Value) => Value): Build =>
  (call) => {
    const x = call.input(0);
    const [count, channels, ...size] = x.shape;
    if (sizeOf(size) === 0) call.misfit("expected at least one element for each channel");
    const value = reshape({ x: call.value(x, channelsLast(x.shape.length)) }, { shape: [count, size[0] ?? 1, sizeOf(size.slice(1)), channels] });
    const y = reshape({ x: pool(value) }, { shape: [count, 1, 1, channels] });
    return channelsSecond(
      y,
      size.map(() => 1),
    );
  };

export const pools: Readonly<Record<string, Build>> = {
  MaxPool: max,
  AveragePool: average,
  GlobalAveragePool: global((x) => globalAveragePool({ x })),
  GlobalMaxPool: global((x) => maxPool({ x }, { kernel: x.shape.slice(1, 3) })),
};
