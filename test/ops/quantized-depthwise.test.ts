import { describe } from "vitest";
import { sizeOf, type Shape } from "../../src/core/shape.js";
import { quantizedDepthwise } from "../../src/ops/quantized-depthwise.js";
import { expectExactly, feedBytes, feedLayer, randomBytes, randomLayer, type Result, storeReference } from "./quantized-reference.js";

interface Case {
  readonly x: Shape;
  readonly kernel: readonly [number, number];
  readonly stride?: readonly number[];
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
  readonly result?: Partial<Result>;
}

const cases: Case[] = [
  { x: [1, 1, 1, 1], kernel: [1, 1] },
  { x: [2, 9, 11, 32], kernel: [3, 3], padding: [1, 1, 1, 1], result: { low: 0, high: 6 } },
  { x: [1, 12, 12, 24], kernel: [3, 3], stride: [2, 2], padding: [0, 1, 0, 1] },
  { x: [1, 7, 7, 19], kernel: [5, 5], padding: [2, 2, 2, 2] },
  { x: [1, 10, 9, 8], kernel: [5, 5], stride: [2, 2], padding: [2, 2, 2, 2], result: { scale: 0, low: 0 } },
  { x: [1, 9, 17, 12], kernel: [7, 7], padding: [3, 3, 3, 3] },
  { x: [1, 17, 9, 12], kernel: [7, 7], stride: [2, 2], padding: [3, 3, 3, 3] },
  { x: [1, 8, 8, 6], kernel: [3, 3], padding: [2, 2, 2, 2], dilation: [2, 2], result: { scale: 0 } },
  { x: [1, 9, 10, 5], kernel: [2, 4], stride: [3, 1], padding: [1, 0, 2, 1] },
  { x: [2, 3, 2, 100], kernel: [3, 3], padding: [1, 1, 1, 1] },
  { x: [1, 4, 70, 50], kernel: [3, 3], padding: [1, 1, 1, 1] },
];

describe("quantizedDepthwise", () => {
  cases.forEach(({ x, kernel: [kh, kw], stride = [1, 1], padding = [0, 0, 0, 0], dilation = [1, 1], result: given }, i) => {
    const [batch, height, width, channels] = x;
    const result = { scale: 0.29, zeroPoint: 31, ...given };
    const input = { scale: Math.fround(0.05), zeroPoint: 23 };
    const data = randomBytes(i, sizeOf(x));
    const layer = randomLayer(i, [kh, kw, 1, channels]);
    const size = [0, 1].map((axis) => {
      const room = [height, width][axis] + padding[2 * axis] + padding[2 * axis + 1] - ([kh, kw][axis] - 1) * dilation[axis] - 1;
      return Math.floor(room / stride[axis]) + 1;
    });
    const sums: number[] = [];
    for (let n = 0; n < batch; n++)
      for (let j = 0; j < size[0]; j++)
        for (let i = 0; i < size[1]; i++)
          for (let c = 0; c < channels; c++) {
            let sum = 0;
            for (let ky = 0; ky < kh; ky++)
              for (let kx = 0; kx < kw; kx++) {
                const iy = j * stride[0] - padding[0] + ky * dilation[0];
                const ix = i * stride[1] - padding[2] + kx * dilation[1];
                const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
                sum += (inside ? data[((n * height + iy) * width + ix) * channels + c] : input.zeroPoint) * layer.weight[(ky * kw + kx) * channels + c];
              }
            sums.push(sum);
          }
    expectExactly(
      `x [${x}] kernel [${kh},${kw}] stride [${stride}] ${JSON.stringify(given ?? {})}`,
      (graph, feeds) =>
        quantizedDepthwise({ x: feedBytes(graph, feeds, "x", data, x, input), ...feedLayer(graph, feeds, layer) }, { stride, padding, dilation, ...result }),
      () => storeReference(sums, layer, input, result),
    );
  });
});
