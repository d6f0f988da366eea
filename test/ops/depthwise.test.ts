import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.js";
import { type Shape, sizeOf } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { batchNormFrozen } from "../../src/ops/batch-norm.js";
import { depthwiseBackwardWeight, depthwiseConv2d } from "../../src/ops/depthwise.js";
import { normScale } from "../../src/ops/fold-norm.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { randomValues, testOp, type Tensor64 } from "../harness/test-op.js";

const shapes = (x: Shape, [kh, kw]: readonly number[], bias = true): Record<string, Shape> => {
  const weight = [kh, kw, 1, x[3]];
  return bias ? { x, weight, bias: [x[3]] } : { x, weight };
};

const normed = (x: Shape, kernel: readonly number[]) => ({ ...shapes(x, kernel), scale: [x[3]], shift: [x[3]], mean: [x[3]] });

testOp(depthwiseConv2d, {
  wanted: ["weight", "bias"],
  name: "depthwiseConv2d of a normalised input",
  cases: [
    { shapes: normed([2, 9, 11, 5], [3, 3]), attributes: { padding: [1, 1, 1, 1], lowX: 0, highX: 6 } },
    { shapes: normed([1, 12, 15, 33], [3, 3]), attributes: { padding: [0, 1, 0, 1], stride: [2, 2], lowX: 0, low: 0 } },
    { shapes: normed([1, 7, 9, 24], [5, 5]), attributes: { padding: [2, 2, 2, 2] } },
    { shapes: normed([1, 10, 11, 8], [3, 2]), attributes: { padding: [2, 2, 2, 2], dilation: [2, 2], lowX: -0.5, highX: 0.5 } },
  ],
  reference: ({ x, scale, shift, mean, ...rest }, attributes) => {
    const channel = (t: Tensor64, i: number) => t.data[i % t.data.length];
    const data = x.data.map((v, i) => Math.min(Math.max((v - channel(mean, i)) * channel(scale, i) + channel(shift, i), attributes.lowX), attributes.highX));
    return convolution({ x: { shape: x.shape, data }, ...rest }, attributes);
  },
});

describe.each(builds)("a normalised input, %s", (build) => {
  it("has the bits of a norm of its own", async () => {
    const random = new Random(3);
    const graph = new Graph();
    const feeds = new Map<Value, Float32Array>();
    const input = (name: string, shape: Shape, range?: [number, number]) => {
      const value = graph.input(name, shape);
      feeds.set(value, randomValues(random, sizeOf(shape), range));
      return value;
    };
    const x = input("x", [2, 9, 13, 21]);
    const [weight, bias, mean] = ["weight", "bias", "mean"].map((name) => input(name, [21]));
    const variance = input("variance", [21], [0.2, 3]);
    const taps = input("taps", [3, 3, 1, 21]);
    const dy = input("dy", x.shape);
    const normed = batchNormFrozen({ x, weight, bias, mean, variance }, { low: 0, high: 1 });
    const transform = { scale: normScale({ weight, variance }), shift: bias, mean };
    const [window, bounds] = [{ padding: [1, 1, 1, 1] }, { lowX: 0, highX: 1 }];
    const [y, fused, dweight, fusedWeight] = await runGraph(
      graph,
      feeds,
      [
        depthwiseConv2d({ x: normed, weight: taps }, window),
        depthwiseConv2d({ x, weight: taps, ...transform }, { ...window, ...bounds }),
        depthwiseBackwardWeight({ x: normed, dy }, { ...window, kernel: [3, 3] }),
        depthwiseBackwardWeight({ x, dy, ...transform }, { ...window, ...bounds, kernel: [3, 3] }),
      ],
      { build },
    );
    expect(fused).toEqual(y);
    expect(fusedWeight).toEqual(dweight);
  });
});

testOp(depthwiseConv2d, {
  cases: [
    { shapes: shapes([1, 1, 1, 1], [1, 1]) },
    { shapes: shapes([2, 5, 7, 3], [1, 1], false) },
    { shapes: shapes([1, 7, 7, 8], [3, 3]), attributes: { padding: [1, 1, 1, 1], low: 0, high: 6 } },
    { shapes: shapes([2, 9, 11, 5], [3, 3], false), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 12, 12, 17], [3, 3]), attributes: { padding: [1, 1, 1, 1], stride: [2, 2], low: 0 } },
    { shapes: shapes([2, 8, 9, 4], [3, 3]), attributes: { padding: [0, 1, 0, 1], stride: [2, 2] } },
    { shapes: shapes([1, 3, 3, 40], [3, 3]), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 9, 14, 6], [5, 5]), attributes: { padding: [2, 2, 2, 2] } },
    { shapes: shapes([1, 13, 10, 6], [5, 5], false), attributes: { padding: [1, 2, 1, 2], stride: [2, 2] } },
    { shapes: shapes([1, 9, 9, 4], [7, 7]), attributes: { padding: [3, 3, 3, 3] } },
    { shapes: shapes([1, 15, 16, 5], [7, 7]), attributes: { padding: [3, 3, 3, 3], stride: [2, 2] } },
    { shapes: shapes([1, 10, 11, 8], [3, 3]), attributes: { padding: [2, 2, 2, 2], dilation: [2, 2] } },
    { shapes: shapes([1, 11, 13, 3], [2, 4]), attributes: { padding: [1, 0, 2, 3], stride: [3, 1], dilation: [2, 1] } },
    { shapes: shapes([1, 12, 9, 4], [3, 9], false), attributes: { stride: [4, 2], dilation: [2, 1], padding: [1, 2, 7, 3] } },
    { shapes: shapes([1, 2, 3, 1], [2, 2]), attributes: { stride: [5, 5], padding: [4, 6, 4, 8] } },
    { shapes: shapes([2, 4, 30, 5], [3, 3]), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 5, 61, 9], [3, 3]), attributes: { padding: [1, 1, 1, 1], stride: [2, 2], high: 1 } },
    { shapes: shapes([1, 6, 60, 4], [5, 5], false), attributes: { padding: [2, 2, 1, 2], stride: [1, 2] } },
    { shapes: shapes([1, 3, 67, 3], [3, 3]), attributes: { padding: [1, 1, 0, 2], dilation: [1, 2] } },
    { shapes: shapes([0, 4, 4, 3], [3, 3]) },
  ],
  reference: convolution,
});

function convolution({ x, weight, bias }: Record<string, Tensor64>, { stride, padding, dilation, low, high }: typeof depthwiseConv2d.attributes) {
  const [batch, height, width, channels] = x.shape;
  const [kh, kw] = weight.shape;
  const outHeight = Math.floor((height + padding[0] + padding[1] - dilation[0] * (kh - 1) - 1) / stride[0]) + 1;
  const outWidth = Math.floor((width + padding[2] + padding[3] - dilation[1] * (kw - 1) - 1) / stride[1]) + 1;
  const y: Tensor64 = { shape: [batch, outHeight, outWidth, channels], data: new Float64Array(batch * outHeight * outWidth * channels) };
  const magnitude = y.data.slice();
  for (let at = 0; at < y.data.length; at++) {
    const c = at % channels;
    const ox = Math.floor(at / channels) % outWidth;
    const oy = Math.floor(at / channels / outWidth) % outHeight;
    const n = Math.floor(at / channels / outWidth / outHeight);
    let sum = bias ? bias.data[c] : 0;
    magnitude[at] = Math.abs(sum);
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const iy = oy * stride[0] - padding[0] + ky * dilation[0];
        const ix = ox * stride[1] - padding[2] + kx * dilation[1];
        if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
        const term = x.data[((n * height + iy) * width + ix) * channels + c] * weight.data[(ky * kw + kx) * channels + c];
        sum += term;
        magnitude[at] += Math.abs(term);
      }
    }
    y.data[at] = Math.min(Math.max(sum, low), high);
  }
  return { ...y, magnitude, terms: kh * kw + 1 };
}
