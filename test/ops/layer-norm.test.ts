import { layerNorm } from "../../src/ops/layer-norm.js";
import { type Expected, type Tensor64, testOp } from "../harness/test-op.js";

function reference({ x, weight, bias }: Record<string, Tensor64>, { epsilon }: { epsilon: number }): Expected {
  const columns = x.shape.at(-1) as number;
  const [data, magnitude] = [new Float64Array(x.data.length), new Float64Array(x.data.length)];
  for (let start = 0; start < data.length; start += columns) {
    const row = x.data.subarray(start, start + columns);
    const mean = row.reduce((sum, value) => sum + value, 0) / columns;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
    row.forEach((value, i) => {
      const scale = (weight?.data[i] ?? 1) / Math.sqrt(variance + epsilon);
      data[start + i] = (value - mean) * scale + (bias?.data[i] ?? 0);
      magnitude[start + i] = (Math.abs(value) + Math.abs(mean)) * Math.abs(scale) + Math.abs(bias?.data[i] ?? 0);
    });
  }
  return { shape: x.shape, data, magnitude, terms: columns };
}

const rows = [
  [2, 5, 3],
  [70, 4],
  [3, 16],
  [1, 2, 2, 37],
  [33, 100],
  [5, 1],
  [0, 8],
];
const channels = rows.map((shape) => [shape.at(-1) as number]);

testOp(layerNorm, { inputs: { x: rows, weight: channels, bias: channels }, attributes: [{}, { epsilon: 1e-3 }], reference });
testOp(layerNorm, { name: "layerNorm without weight or bias", inputs: { x: rows }, reference });
testOp(layerNorm, { name: "layerNorm without bias", inputs: { x: [[3, 18]], weight: [[18]] }, reference });
// Only the differences from the mean count: the bound is theirs alone.
testOp(layerNorm, {
  name: "layerNorm of values far from zero",
  inputs: { x: [[3, 300]], weight: [[300]], bias: [[300]] },
  ranges: { x: [1000, 1004] },
  reference,
});
