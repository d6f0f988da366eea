import type { Shape } from "../../src/core/shape.js";
import { conv2d } from "../../src/ops/conv2d.js";
import { testOp } from "../harness/test-op.js";
import { convolutionReference } from "./convolution-reference.js";

const shapes = (x: Shape, weight: Shape, bias = true): Record<string, Shape> => (bias ? { x, weight, bias: [weight[3]] } : { x, weight });

testOp(conv2d, {
  cases: [
    { shapes: shapes([1, 1, 1, 1], [1, 1, 1, 1]) },
    { shapes: shapes([2, 5, 7, 3], [1, 1, 3, 8], false) },
    { shapes: shapes([1, 9, 9, 5], [1, 1, 5, 17]), attributes: { stride: [2, 2] } },
    { shapes: shapes([1, 3, 2, 512], [1, 1, 512, 5]) },
    { shapes: shapes([1, 3, 3, 2], [3, 3, 2, 512]), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 8, 8, 3], [3, 3, 3, 8]), attributes: { stride: [2, 2], padding: [0, 1, 0, 1], low: 0, high: 6 } },
    { shapes: shapes([2, 7, 6, 8], [3, 3, 8, 5]), attributes: { padding: [1, 1, 1, 1], low: 0 } },
    { shapes: shapes([1, 11, 9, 17], [3, 3, 17, 8], false), attributes: { padding: [1, 1, 1, 1], dilation: [2, 3] } },
    { shapes: shapes([2, 9, 7, 6], [3, 3, 2, 9]), attributes: { groups: 3, padding: [1, 1, 1, 1], stride: [2, 1] } },
    { shapes: shapes([1, 6, 6, 8], [3, 2, 1, 8]), attributes: { groups: 8, padding: [2, 0, 1, 0] } },
    { shapes: shapes([1, 5, 9, 6], [1, 7, 6, 5]), attributes: { padding: [0, 0, 3, 3] } },
    { shapes: shapes([1, 9, 5, 10], [5, 1, 2, 15]), attributes: { groups: 5, stride: [2, 1], dilation: [2, 1], padding: [4, 3, 0, 0] } },
    { shapes: shapes([1, 13, 13, 3], [7, 7, 3, 4]), attributes: { stride: [2, 2], padding: [3, 3, 3, 3] } },
    { shapes: shapes([1, 11, 10, 2], [5, 4, 2, 3]), attributes: { stride: [3, 2], dilation: [2, 1], padding: [4, 5, 0, 3] } },
    { shapes: shapes([1, 12, 9, 4], [3, 3, 4, 3], false), attributes: { stride: [4, 6], dilation: [2, 4], padding: [1, 2, 7, 3] } },
    { shapes: shapes([1, 2, 3, 1], [2, 2, 1, 1]), attributes: { stride: [5, 5], padding: [4, 6, 4, 8] } },
    { shapes: shapes([3, 9, 8, 70], [3, 1, 70, 12]), attributes: { padding: [1, 1, 0, 0] } },
    { shapes: shapes([1, 3, 3, 200], [3, 3, 200, 3], false), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([0, 4, 4, 3], [3, 3, 3, 4]) },
  ],
  reference: convolutionReference,
});

testOp(conv2d, {
  name: "conv2d with panels beyond the second-level cache",
  cases: [{ shapes: shapes([1, 10, 9, 320], [3, 3, 320, 50]), attributes: { stride: [2, 2], padding: [1, 1, 1, 1], low: 0 } }],
  wanted: [],
  reference: convolutionReference,
});
