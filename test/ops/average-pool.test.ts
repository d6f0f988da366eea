import { averagePool } from "../../src/ops/average-pool.js";
import { testOp } from "../harness/test-op.js";
import { poolShape64, windowValues } from "./pool-reference.js";

testOp(averagePool, {
  cases: [false, true].flatMap((countIncludePad) => [
    { shapes: { x: [2, 6, 8, 3] }, attributes: { countIncludePad } },
    { shapes: { x: [2, 7, 9, 16] }, attributes: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], countIncludePad } },
    { shapes: { x: [1, 8, 8, 5] }, attributes: { kernel: [3, 3], stride: [2, 2], ceilMode: true, countIncludePad } },
    { shapes: { x: [2, 6, 5, 37] }, attributes: { kernel: [3, 2], stride: [1, 3], padding: [0, 1, 1, 0], ceilMode: true, countIncludePad } },
    { shapes: { x: [1, 5, 5, 8] }, attributes: { kernel: [2, 2], stride: [3, 3], padding: [1, 1, 1, 1], ceilMode: true, countIncludePad } },
    { shapes: { x: [1, 2, 2, 3] }, attributes: { kernel: [3, 3], stride: [2, 2], ceilMode: true, countIncludePad } },
    { shapes: { x: [0, 4, 4, 4] }, attributes: { countIncludePad } },
  ]),
  reference({ x }, attributes) {
    const shape = poolShape64(x.shape, attributes);
    const mean = (f: (value: number) => number) =>
      windowValues(
        x,
        shape,
        attributes,
        (values, places) => values.reduce((sum, value) => sum + f(value), 0) / (attributes.countIncludePad ? places : values.length),
      );
    return { shape, data: mean((value) => value), magnitude: mean(Math.abs), terms: attributes.kernel[0] * attributes.kernel[1] };
  },
});
