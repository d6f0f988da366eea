import { describe, expect, it } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { defineOp } from "../../src/graph/op.js";
import { conv2d, conv2dBackwardWeight, conv2dBackwardX } from "../../src/ops/conv2d.js";
import { lowerWinograd, lowerWinogradBackwardWeight, winogradRule } from "../../src/ops/lowering/winograd.js";
import { compile } from "../../src/plan/compile.js";
import { type Expected, positionsOf, type Tensor64, testOp } from "../harness/test-op.js";
import { convolutionReference } from "./convolution-reference.js";

const shapes = (x: Shape, out: number, bias = true): Record<string, Shape> => ({ x, weight: [3, 3, x[3], out], ...(bias ? { bias: [out] } : {}) });
const all = [1, 1, 1, 1];

for (const size of [2, 4] as const) {
  const backwardX = defineOp({
    ...conv2dBackwardX,
    name: `winograd${size}BackwardX`,
    lower: (emit, { dy, weight, dx }, { padding }) => lowerWinograd(emit, { x: dy, weight, y: dx }, size, [padding[0] - 2, padding[2] - 2], { flipped: true }),
  });
  const winograd = defineOp({
    ...conv2d,
    name: `winograd${size}`,
    lower: (emit, { x, weight, bias, y }, { padding, low, high }) =>
      lowerWinograd(emit, { x, weight, bias, y }, size, [-padding[0], -padding[2]], { low, high }),
    gradient: { ...conv2d.gradient, x: ({ x, weight, dy }, { padding }) => backwardX({ dy, weight }, { padding, size: x.shape.slice(1, 3) }) },
  });
  testOp(winograd, {
    cases: [
      { shapes: shapes([1, 1, 1, 3], 5), attributes: { padding: all } },
      { shapes: shapes([1, 2, 3, 8], 17), attributes: { padding: all } },
      { shapes: shapes([1, 3, 3, 5], 8, false) },
      { shapes: shapes([2, 7, 5, 17], 3), attributes: { padding: all } },
      { shapes: shapes([3, 9, 10, 8], 6, false), attributes: { padding: [0, 2, 1, 0] } },
      { shapes: shapes([1, 6, 8, 5], 9), attributes: { padding: [2, 1, 0, 3] } },
      { shapes: shapes([1, 1, 2, 2], 4), attributes: { padding: [5, 4, 3, 6] } },
      { shapes: shapes([1, 13, 13, 3], 8), attributes: { padding: all } },
      { shapes: shapes([0, 4, 4, 3], 4), attributes: { padding: all } },
    ],
    reference: (tensors, attributes) => ({ ...convolutionReference(tensors, attributes), winograd: size }),
    wanted: ["x"],
  });
  testOp(winograd, {
    name: `winograd${size} bounded, and in several blocks of tiles and columns`,
    cases: [
      { shapes: shapes([2, 5, 6, 8], 5), attributes: { padding: all, low: 0, high: 6 } },
      { shapes: shapes([1, 9, 7, 4], 70), attributes: { padding: all } },
      { shapes: shapes([2, 26, 27, 120], 3), attributes: { padding: all } },
    ],
    reference: (tensors, attributes) => ({ ...convolutionReference(tensors, attributes), winograd: size }),
    wanted: [],
  });
}

testOp(
  defineOp({
    ...conv2dBackwardWeight,
    name: "winogradBackwardWeight",
    attributes: { ...conv2dBackwardWeight.attributes, kernel: [3, 3] },
    lower: (emit, { x, dy, dweight }, { padding }) => lowerWinogradBackwardWeight(emit, { x, dy, dweight }, [-padding[0], -padding[2]]),
  }),
  {
    cases: [
      { shapes: { x: [1, 1, 1, 3], dy: [1, 1, 1, 5] }, attributes: { padding: all } },
      { shapes: { x: [1, 2, 3, 8], dy: [1, 2, 3, 17] }, attributes: { padding: all } },
      { shapes: { x: [2, 7, 5, 5], dy: [2, 5, 3, 8] } },
      { shapes: { x: [3, 9, 10, 17], dy: [3, 9, 9, 3] }, attributes: { padding: [0, 2, 1, 0] } },
      { shapes: { x: [1, 1, 2, 2], dy: [1, 8, 9, 4] }, attributes: { padding: [5, 4, 3, 6] } },
      { shapes: { x: [3, 26, 29, 4], dy: [3, 26, 29, 6] }, attributes: { padding: all } },
      { shapes: { x: [2, 8, 8, 16], dy: [2, 8, 8, 32] }, attributes: { padding: all } },
      { shapes: { x: [0, 4, 4, 3], dy: [0, 4, 4, 4] }, attributes: { padding: all } },
    ],
    reference: weightGradientReference,
  },
);

/** dweight[ky, kx, c, o] is the sum of x dy over the pixels that tap (ky, kx) reads. */
function weightGradientReference({ x, dy }: Record<string, Tensor64>, { padding }: typeof conv2dBackwardWeight.attributes): Expected {
  const [batch, height, width, channels] = x.shape;
  const [, outHeight, outWidth, filters] = dy.shape;
  const data = new Float64Array(9 * channels * filters);
  const magnitude = data.slice();
  for (const [n, oy, ox, ky, kx] of positionsOf([batch, outHeight, outWidth, 3, 3])) {
    const iy = oy + ky - padding[0];
    const ix = ox + kx - padding[2];
    if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
    for (const [c, o] of positionsOf([channels, filters])) {
      const term = x.data[((n * height + iy) * width + ix) * channels + c] * dy.data[((n * outHeight + oy) * outWidth + ox) * filters + o];
      data[((ky * 3 + kx) * channels + c) * filters + o] += term;
      magnitude[((ky * 3 + kx) * channels + c) * filters + o] += Math.abs(term);
    }
  }
  return { shape: [3, 3, channels, filters], data, magnitude, terms: batch * outHeight * outWidth, winograd: 4 };
}

describe("winogradRule", () => {
  it("takes ResNet's layers", () => {
    for (const layer of [
      [56, 56, 64, 64],
      [14, 14, 256, 256],
      [7, 7, 512, 512],
      [32, 32, 16, 16],
    ] as const)
      expect(winogradRule(layer)).toBe(4);
  });

  it("takes small tiles where large ones would reach far over the edge", () => expect(winogradRule([5, 5, 64, 64])).toBe(2));

  it("leaves direct what transforms would slow down", () => {
    for (const layer of [
      [224, 224, 3, 64],
      [1, 1, 512, 512],
      [64, 64, 1, 8],
    ] as const)
      expect(winogradRule(layer)).toBe(0);
  });

  it("does not apply with a stride, a dilation, groups or another kernel, nor where it is turned off", () => {
    const kernels = (attributes: object, weight: Shape = [3, 3, 32, 32], options: { winograd?: boolean; build?: "simd" | "relaxed" } = {}) => {
      const graph = new Graph();
      graph.output("y", conv2d({ x: graph.input("x", [1, 16, 16, 32]), weight: graph.keep("parameter", "w", weight) }, { padding: all, ...attributes }));
      return compile(graph, { build: "relaxed", ...options }).calls.map(({ kernel }) => kernel);
    };
    expect(kernels({})).toEqual(["conv2d_f32_winograd"]);
    for (const attributes of [{ stride: [2, 2] }, { stride: [1, 2] }, { dilation: [2, 2] }]) expect(kernels(attributes)).toEqual(["conv2d_f32"]);
    expect(kernels({ groups: 2 }, [3, 3, 16, 32])).toEqual(["conv2d_f32"]);
    expect(kernels({}, [5, 3, 32, 32])).toEqual(["conv2d_f32"]);
    expect(kernels({}, undefined, { winograd: false })).toEqual(["conv2d_f32"]);
    expect(kernels({}, undefined, { build: "simd" })).toEqual(["conv2d_f32_winograd"]);
  });
});
