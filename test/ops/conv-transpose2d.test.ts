import { expect, it } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { convTranspose2d } from "../../src/ops/conv-transpose2d.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";

const shapes = (x: Shape, weight: Shape, groups = 1): Record<string, Shape> => ({ x, weight, bias: [weight[2] * groups] });

testOp(convTranspose2d, {
  cases: [
    { shapes: { x: [1, 1, 1, 1], weight: [1, 1, 1, 1] } },
    { shapes: shapes([2, 3, 4, 5], [1, 1, 7, 5]) },
    { shapes: shapes([2, 4, 3, 6], [2, 2, 5, 6]), attributes: { stride: [2, 2] } },
    { shapes: shapes([1, 5, 4, 3], [3, 3, 4, 3]), attributes: { stride: [2, 2], padding: [1, 1, 1, 1], outputPadding: [1, 1] } },
    { shapes: shapes([1, 7, 6, 8], [3, 3, 5, 8]), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 3, 5, 6], [4, 3, 2, 6], 3), attributes: { groups: 3, stride: [3, 2], padding: [1, 0, 2, 1], outputPadding: [2, 0] } },
    { shapes: shapes([1, 4, 4, 4], [3, 2, 1, 4], 4), attributes: { groups: 4, dilation: [2, 3], padding: [1, 2, 0, 1] } },
    { shapes: shapes([1, 2, 3, 2], [2, 2, 3, 2]), attributes: { stride: [4, 3] } },
    { shapes: shapes([0, 2, 2, 3], [2, 2, 3, 3]) },
  ],
  reference({ x, weight, bias }, { stride, padding, dilation, outputPadding, groups }) {
    const [batch, height, width, channels] = x.shape;
    const [kh, kw, perGroup] = weight.shape;
    const out = perGroup * groups;
    const size = (axis: number) =>
      (x.shape[axis + 1] - 1) * stride[axis] + dilation[axis] * (weight.shape[axis] - 1) + 1 + outputPadding[axis] - padding[2 * axis] - padding[2 * axis + 1];
    const shape = [batch, size(0), size(1), out];
    const y: Tensor64 = { shape, data: new Float64Array(batch * shape[1] * shape[2] * out) };
    const magnitude = y.data.slice();
    if (bias) for (let i = 0; i < y.data.length; i++) magnitude[i] = Math.abs((y.data[i] = bias.data[i % out]));
    x.data.forEach((value, i) => {
      const c = i % channels;
      const ix = Math.floor(i / channels) % width;
      const iy = Math.floor(i / channels / width) % height;
      const n = Math.floor(i / channels / width / height);
      const group = Math.floor(c / (channels / groups));
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const oy = iy * stride[0] + ky * dilation[0] - padding[0];
          const ox = ix * stride[1] + kx * dilation[1] - padding[2];
          if (oy < 0 || oy >= shape[1] || ox < 0 || ox >= shape[2]) continue;
          for (let o = 0; o < perGroup; o++) {
            const at = ((n * shape[1] + oy) * shape[2] + ox) * out + group * perGroup + o;
            const term = value * weight.data[((ky * kw + kx) * perGroup + o) * channels + c];
            y.data[at] += term;
            magnitude[at] += Math.abs(term);
          }
        }
      }
    });
    return { ...y, magnitude, terms: (kh * kw * channels) / groups + 1 };
  },
});

it("convTranspose2d names what does not fit", () => {
  const graph = new Graph();
  const [x, weight, other] = [graph.input("x", [1, 2, 2, 4]), graph.input("weight", [2, 2, 3, 4]), graph.input("other", [2, 2, 3, 5])];
  expect(() => convTranspose2d({ x, weight: other })).toThrow("convTranspose2d: weight expects 5 input channels, got 4 (x [1,2,2,4], weight [2,2,3,5])");
  expect(() => convTranspose2d({ x, weight, bias: x })).toThrow("convTranspose2d: bias expects [3], got [1,2,2,4]");
  expect(() => convTranspose2d({ x, weight }, { outputPadding: [1, 0] })).toThrow("outputPadding [1,0] expects less than the stride");
  expect(() => convTranspose2d({ x, weight }, { padding: [2, 2, 0, 0] })).toThrow("padding [2,2,0,0] leaves no output");
  expect(() => convTranspose2d({ x, weight }, { groups: 3 })).toThrow("4 input channels are not a multiple of 3 groups");
});
