/** Sums over windows of any kind, as a depthwise convolution with ones: for the pools that no op of ours is. */
import { ShapeError } from "../../../core/errors.js";
import type { Value } from "../../../graph/graph.js";
import { depthwiseConv2d } from "../../../ops/depthwise.js";
import { spend } from "../effort.js";
import { type PoolWindow, poolShape } from "../../../ops/lowering/pool-window.js";
import { mul } from "../../../ops/mul.js";

type Window = Required<PoolWindow>;

/** Height and width of what the windows make. */
const outOf = (x: Value, window: Window) =>
  poolShape(x.shape, window, (message) => {
    throw new ShapeError(message);
  }).slice(1, 3);

/** x [N, H, W, C] summed over each window; padding and what lies beyond it counts as 0. */
export function windowSum(x: Value, window: Window): Value {
  const { kernel, stride, dilation, padding } = window;
  const sides = outOf(x, window).flatMap((out, i) => {
    const before = padding[2 * i];
    const reach = (out - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1;
    return [before, Math.max(0, reach - x.shape[i + 1] - before)];
  });
  spend(kernel[0] * kernel[1] * x.shape[3]);
  const ones = x.graph.constant(new Float32Array(kernel[0] * kernel[1] * x.shape[3]).fill(1), [...kernel, 1, x.shape[3]]);
  return depthwiseConv2d({ x, weight: ones }, { stride, dilation, padding: sides });
}

/** The mean of each window: of what lies inside x, or inside x and its padding. */
export function windowMean(x: Value, window: Window, countIncludePad: boolean): Value {
  const { kernel, stride, dilation, padding } = window;
  const [rows, columns] = outOf(x, window).map((out, i) => {
    const [least, most] = countIncludePad ? [-padding[2 * i], x.shape[i + 1] + padding[2 * i + 1]] : [0, x.shape[i + 1]];
    const inside = (place: number) => place >= least && place < most;
    spend(out * kernel[i]);
    return Array.from({ length: out }, (_, at) => {
      const start = at * stride[i] - padding[2 * i];
      return Array.from({ length: kernel[i] }, (_, tap) => start + tap * dilation[i]).filter(inside).length;
    });
  });
  const shares = Float32Array.from(rows.flatMap((row) => columns.map((column) => 1 / (row * column))));
  return mul({ a: windowSum(x, window), b: x.graph.constant(shares, [1, rows.length, columns.length, 1]) });
}
