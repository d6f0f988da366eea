import { sum } from "../../src/ops/sum.js";
import { positionsOf, testOp, type Tensor64 } from "../harness/test-op.js";

testOp(sum, {
  cases: [
    { shapes: { x: [150, 5] }, attributes: { axes: [0] } },
    { shapes: { x: [2, 5, 7, 70] }, attributes: { axes: [0, 1, 2] } },
    { shapes: { x: [2, 9, 9, 19] }, attributes: { axes: [1, 2], keepDims: true } },
    { shapes: { x: [3, 37] }, attributes: { axes: [-1] } },
    { shapes: { x: [5, 2, 3] }, attributes: { axes: [0, 2], keepDims: true } },
    { shapes: { x: [2, 3, 2, 3, 5, 2] }, attributes: { axes: [1, 3, 5] } },
    { shapes: { x: [9001] }, attributes: { axes: [0] } },
    { shapes: { x: [2, 3] }, attributes: { axes: [] } },
    { shapes: { x: [] }, attributes: { axes: [] } },
    { shapes: { x: [2, 3, 2, 2, 3, 2, 2, 2] }, attributes: { axes: [1, 3, 5, 7], keepDims: true } },
    { shapes: { x: [0, 3] }, attributes: { axes: [0] } },
  ],
  reference: ({ x }, { axes, keepDims }) => sumOver(x, axes, keepDims),
});

function sumOver(x: Tensor64, axes: readonly number[], keepDims: boolean) {
  const reduced = new Set(axes.map((axis) => (axis + x.shape.length) % x.shape.length));
  const kept = x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
  const size = kept.reduce((product, axis) => product * axis, 1);
  const data = new Float64Array(size);
  const magnitude = new Float64Array(size);
  positionsOf(x.shape).forEach((position, i) => {
    const at = kept.reduce((offset, axis, j) => offset * axis + (reduced.has(j) ? 0 : position[j]), 0);
    data[at] += x.data[i];
    magnitude[at] += Math.abs(x.data[i]);
  });
  return { shape: keepDims ? kept : kept.filter((_, axis) => !reduced.has(axis)), data, magnitude, terms: x.data.length / Math.max(size, 1) };
}
