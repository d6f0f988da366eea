import { describe } from "vitest";
import { quantizedDense } from "../../src/ops/quantized-dense.js";
import { expectExactly, feedBytes, feedLayer, randomBytes, randomLayer, storeReference } from "./quantized-reference.js";

describe("quantizedDense", () => {
  for (const [rows, depth, columns] of [
    [1, 64, 100],
    [3, 37, 10],
    [13, 8, 33],
  ]) {
    for (const scale of [0, 0.5]) {
      const input = { scale: Math.fround(0.03), zeroPoint: 5 };
      const result = { scale, zeroPoint: scale ? 64 : 0 };
      const data = randomBytes(rows, rows * depth);
      const layer = randomLayer(depth, [depth, columns]);
      expectExactly(
        `x [${rows},${depth}] weight [${depth},${columns}] ${scale ? "to bytes" : "to floats"}`,
        (graph, feeds) => quantizedDense({ x: feedBytes(graph, feeds, "x", data, [rows, depth], input), ...feedLayer(graph, feeds, layer) }, result),
        () => {
          const sums = Array.from({ length: rows * columns }, (_, i) => {
            const [row, column] = [Math.floor(i / columns), i % columns];
            return Array.from({ length: depth }, (_, k) => data[row * depth + k] * layer.weight[k * columns + column]).reduce((a, b) => a + b);
          });
          return storeReference(sums, layer, input, result);
        },
      );
    }
  }
});
