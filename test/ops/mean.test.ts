import { mean } from "../../src/ops/mean.js";
import { testOp } from "../harness/test-op.js";

testOp(mean, {
  cases: [
    { shapes: { x: [3, 37] }, attributes: { axes: [1] } },
    { shapes: { x: [2, 9, 8, 19] }, attributes: { axes: [1, 2], keepDims: true } },
    { shapes: { x: [30] }, attributes: { axes: [0] } },
  ],
  reference({ x }, { axes, keepDims }) {
    const inner = axes.at(-1) === x.shape.length - 1 ? 1 : (x.shape.at(-1) as number);
    const outer = axes[0] === 0 ? 1 : x.shape[0];
    const length = x.data.length / outer / inner;
    const data = new Float64Array(outer * inner);
    const magnitude = new Float64Array(outer * inner);
    x.data.forEach((value, i) => {
      const at = Math.floor(i / (length * inner)) * inner + (i % inner);
      data[at] += value / length;
      magnitude[at] += Math.abs(value) / length;
    });
    return { shape: x.shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keepDims ? [1] : [])), data, magnitude, terms: length };
  },
});
