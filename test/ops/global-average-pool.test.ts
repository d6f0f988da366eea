import { globalAveragePool } from "../../src/ops/global-average-pool.js";
import { testOp } from "../harness/test-op.js";

testOp(globalAveragePool, {
  inputs: {
    x: [
      [2, 5, 7, 3],
      [3, 4, 4, 16],
      [1, 1, 1, 1],
      [2, 13, 11, 37],
      [3, 2, 3, 21],
      [0, 2, 2, 4],
    ],
  },
  reference({ x }) {
    const [n, height, width, channels] = x.shape;
    const pixels = height * width;
    const mean = (f: (value: number) => number) => {
      const y = new Float64Array(n * channels);
      x.data.forEach((value, i) => (y[Math.floor(i / channels / pixels) * channels + (i % channels)] += f(value) / pixels));
      return y;
    };
    return { shape: [n, channels], data: mean((value) => value), magnitude: mean(Math.abs), terms: pixels };
  },
});
