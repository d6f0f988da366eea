import type { Value } from "../graph/graph.js";
import { depthwiseConv2d } from "../ops/depthwise.js";
import { channelsOf } from "./convolution.js";

/** Halves height and width of x [N, H, W, C] by the binomial filter 1 2 1, with zeros around x (Zhang 2019, "Making convolutional networks shift-invariant again"). */
export function blurPool(x: Value): Value {
  const channels = channelsOf(x);
  const taps = [1, 2, 1].flatMap((a) => [1, 2, 1].map((b) => (a * b) / 16));
  const weight = x.graph.constant(new Float32Array(taps.flatMap((tap) => Array<number>(channels).fill(tap))), [3, 3, 1, channels]);
  return depthwiseConv2d({ x, weight }, { stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1] });
}
