import { describe, expect, it } from "vitest";
import { sizeOf, type Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { quantizedConv2d } from "../../src/ops/quantized-conv2d.js";
import { expectExactly, feedBytes, feedLayer, type Layer, randomBytes, randomLayer, type Result, storeReference } from "./quantized-reference.js";

interface Case {
  readonly x: Shape;
  readonly weight: Shape;
  readonly stride?: readonly number[];
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
  readonly result?: Partial<Result>;
  readonly bias?: boolean;
  readonly residual?: boolean;
  readonly zeroPoint?: number;
}

const cases: Case[] = [
  { x: [1, 1, 1, 1], weight: [1, 1, 1, 1] },
  { x: [2, 5, 7, 3], weight: [1, 1, 3, 8], bias: false },
  { x: [1, 6, 6, 24], weight: [1, 1, 24, 40], residual: true, result: { low: 0 } },
  { x: [1, 5, 3, 10], weight: [1, 1, 10, 19], residual: true },
  { x: [1, 9, 9, 5], weight: [1, 1, 5, 17], stride: [2, 2], zeroPoint: 0 },
  { x: [1, 1, 1, 70], weight: [1, 1, 70, 101], result: { scale: 0, low: -4, high: 5 } },
  { x: [1, 1, 1, 33], weight: [1, 1, 33, 64], residual: true },
  { x: [1, 11, 13, 3], weight: [3, 3, 3, 8], stride: [2, 2], padding: [0, 1, 0, 1], result: { low: 0, high: 6 } },
  { x: [2, 7, 6, 8], weight: [3, 3, 8, 5], padding: [1, 1, 1, 1], result: { scale: 0 } },
  { x: [1, 12, 10, 4], weight: [5, 3, 4, 9], padding: [2, 2, 3, 1], dilation: [2, 3], zeroPoint: 127 },
  { x: [1, 15, 15, 3], weight: [7, 7, 3, 64], stride: [2, 2], padding: [3, 3, 3, 3] },
  { x: [3, 9, 9, 16], weight: [3, 3, 16, 32], padding: [1, 1, 1, 1], residual: true, result: { low: 0 } },
  { x: [0, 4, 4, 4], weight: [3, 3, 4, 4] },
];

describe("quantizedConv2d", () => {
  cases.forEach((given, i) => {
    const { x, weight, stride = [1, 1], padding = [0, 0, 0, 0], dilation = [1, 1] } = given;
    const result = { scale: 0.37, zeroPoint: 40, ...given.result };
    const input = { scale: Math.fround(0.021), zeroPoint: given.zeroPoint ?? 17 };
    const data = randomBytes(i, sizeOf(x));
    const layer = randomLayer(i, weight, given.bias);
    const sums = convolve(data, x, layer, { stride, padding, dilation }, input.zeroPoint);
    const residual = given.residual ? { data: randomBytes(i + 100, sums.values.length), scale: Math.fround(0.11), zeroPoint: 63 } : undefined;
    expectExactly(
      `x [${x}] weight [${weight}]${residual ? " with residual" : ""} ${JSON.stringify(given.result ?? {})}`,
      (graph, feeds) => {
        const bytes = feedBytes(graph, feeds, "x", data, x, input);
        const added = residual && feedBytes(graph, feeds, "residual", residual.data, sums.shape, residual);
        return quantizedConv2d({ x: bytes, ...feedLayer(graph, feeds, layer), residual: added }, { stride, padding, dilation, ...result });
      },
      () => storeReference(sums.values, layer, input, result, residual),
    );
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const x = graph.input("x", [1, 4, 4, 3]);
    const weight = graph.input("weight", [1, 1, 3, 2], "int8");
    const weightScale = graph.input("scale", [2]);
    expect(() => quantizedConv2d({ x, weight, weightScale })).toThrow("quantizedConv2d: x expects quantised uint8, got float32 [1,4,4,3]");
    const bytes = feedBytes(graph, new Map(), "bytes", new Uint8Array(48), [1, 4, 4, 3], { scale: 1, zeroPoint: 0 });
    expect(() => quantizedConv2d({ x: bytes, weight, weightScale: x })).toThrow("quantizedConv2d: weightScale expects [2], got [1,4,4,3]");
    const narrow = graph.input("narrow", [1, 1, 4, 2], "int8");
    expect(() => quantizedConv2d({ x: bytes, weight: narrow, weightScale })).toThrow("weight expects 4 input channels, got 3");
  });
});

/** int32 sums of a convolution whose padding is `pad`. */
function convolve(
  x: Uint8Array,
  [batch, height, width, channels]: Shape,
  { weight, shape: [kh, kw, , out] }: Layer,
  { stride, padding, dilation }: { stride: readonly number[]; padding: readonly number[]; dilation: readonly number[] },
  pad: number,
): { values: number[]; shape: Shape } {
  const size = [0, 1].map((axis) => {
    const [all, taps] = [[height, width][axis], [kh, kw][axis]];
    return Math.floor((all + padding[2 * axis] + padding[2 * axis + 1] - (taps - 1) * dilation[axis] - 1) / stride[axis]) + 1;
  });
  const values: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let j = 0; j < size[0]; j++)
      for (let i = 0; i < size[1]; i++)
        for (let o = 0; o < out; o++) {
          let sum = 0;
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const iy = j * stride[0] - padding[0] + ky * dilation[0];
              const ix = i * stride[1] - padding[2] + kx * dilation[1];
              const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
              for (let c = 0; c < channels; c++)
                sum += (inside ? x[((n * height + iy) * width + ix) * channels + c] : pad) * weight[((ky * kw + kx) * channels + c) * out + o];
            }
          values.push(sum);
        }
  return { values, shape: [batch, ...size, out] };
}
