import { describe, expect, it } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.js";
import { globalAveragePool } from "../../src/ops/global-average-pool.js";
import { maxPool } from "../../src/ops/max-pool.js";
import { dequantize, quantize } from "../../src/ops/quantize.js";
import { relu } from "../../src/ops/relu.js";
import { reshape } from "../../src/ops/reshape.js";
import { byteOf, expectExactly, feedBytes, randomBytes, roundEven } from "./quantized-reference.js";

const quantization = { scale: 0.25, zeroPoint: 20 };

describe("quantize", () => {
  const values = [0, -0, 0.125, 0.375, -0.125, -0.375, 1e30, -1e30, Infinity, -Infinity, NaN, 26.75, 26.6, -5, -5.2, 1e-30, 3.1];
  expectExactly(
    "halves to even, extremes saturate, NaN is 0",
    (graph, feeds) => {
      const x = graph.input("x", [values.length]);
      feeds.set(x, Float32Array.from(values));
      return quantize({ x }, quantization);
    },
    () => values.map((x) => (Number.isNaN(x) ? 0 : byteOf(roundEven(Math.fround(Math.fround(x) * 4)) + 20))),
  );

  // Near halves that x times 1 / scale, a number that was rounded itself, takes to their other side.
  const halves = [0.08396302163600922, 0.12127991765737534, 0.19591371715068817, 0.21457214653491974, 0.2705475091934204];
  const scale = Math.fround(0.018658448);
  expectExactly(
    "divides by the scale, as ONNX does",
    (graph, feeds) => {
      const x = graph.input("x", [halves.length]);
      feeds.set(x, Float32Array.from(halves));
      return quantize({ x }, { scale, zeroPoint: 0 });
    },
    () => [5, 7, 11, 12, 15],
  );

  const bytes = randomBytes(1, 2 * 5 * 6 * 21);
  const feed = (graph: Graph, feeds: Map<Value, never>) => feedBytes(graph, feeds as never, "x", bytes, [2, 5, 6, 21], quantization);
  expectExactly(
    "dequantize",
    (graph, feeds) => dequantize({ x: feed(graph, feeds as never) }),
    () => [...bytes].map((byte) => (byte - 20) * 0.25),
  );
  expectExactly(
    "reshape and max pool keep bytes",
    (graph, feeds) =>
      maxPool({ x: reshape({ x: feed(graph, feeds as never) }, { shape: [2, 6, 5, 21] }) }, { kernel: [3, 2], stride: [2, 1], padding: [1, 0, 0, 1] }),
    () => {
      const y: number[] = [];
      for (let n = 0; n < 2; n++)
        for (let j = 0; j < 3; j++)
          for (let i = 0; i < 5; i++)
            for (let c = 0; c < 21; c++) {
              const window = [-1, 0, 1].flatMap((ky) => [0, 1].map((kx) => [2 * j + ky, i + kx])).filter(([iy, ix]) => iy >= 0 && ix < 5);
              y.push(Math.max(...window.map(([iy, ix]) => bytes[((n * 6 + iy) * 5 + ix) * 21 + c])));
            }
      return y;
    },
  );
  expectExactly(
    "global average pool gives floats",
    (graph, feeds) => globalAveragePool({ x: feed(graph, feeds as never) }),
    () =>
      Array.from({ length: 42 }, (_, i) => {
        let sum = 0;
        for (let pixel = 0; pixel < 30; pixel++) sum += bytes[(Math.floor(i / 21) * 30 + pixel) * 21 + (i % 21)] - 20;
        return Math.fround(sum * Math.fround(0.25 / 30));
      }),
  );

  it("passes on what the bytes stand for, and refuses ops that take floats", () => {
    const graph = new Graph();
    const x = quantize({ x: graph.input("x", [1, 4, 4, 2]) }, quantization);
    expect(maxPool({ x })).toMatchObject({ dtype: "uint8", quantization });
    expect(() => relu({ x })).toThrow("relu: x expects float32, got uint8 [1,4,4,2]");
    expect(() => quantize({ x })).toThrow("quantize: x expects float32, got uint8");
    expect(() => dequantize({ x: graph.input("z", [3]) })).toThrow("dequantize: x expects quantised uint8, got float32 [3]");
  });
});
