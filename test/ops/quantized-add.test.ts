import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { quantizedAdd } from "../../src/ops/quantized-add.js";
import { byteOf, expectExactly, feedBytes, randomBytes, roundEven } from "./quantized-reference.js";

const first = { scale: Math.fround(0.04), zeroPoint: 60 };
const second = { scale: Math.fround(0.013), zeroPoint: 3 };

describe("quantizedAdd", () => {
  for (const shape of [[1], [2, 3, 5, 7], [4, 64]]) {
    for (const low of [-Infinity, 0]) {
      const size = shape.reduce((a, b) => a * b);
      const [a, b] = [randomBytes(size, size), randomBytes(size + 1, size)];
      const result = { scale: 0.05, zeroPoint: 50, low };
      expectExactly(
        `a, b [${shape}] low ${low}`,
        (graph, feeds) => quantizedAdd({ a: feedBytes(graph, feeds, "a", a, shape, first), b: feedBytes(graph, feeds, "b", b, shape, second) }, result),
        () => {
          const offset = Math.fround(-(first.zeroPoint * first.scale + second.zeroPoint * second.scale) / result.scale);
          const share = (byte: number, { scale }: typeof first) => Math.fround(byte * Math.fround(scale / result.scale));
          return [...a].map((byte, i) => {
            const sum = Math.fround(share(byte, first) + Math.fround(share(b[i], second) + offset));
            return byteOf(roundEven(sum) + result.zeroPoint, low === 0 ? 50 : 0);
          });
        },
      );
    }
  }

  it("names what does not fit", () => {
    const graph = new Graph();
    const a = feedBytes(graph, new Map(), "a", new Uint8Array(4), [4], first);
    expect(() => quantizedAdd({ a, b: graph.input("b", [4]) })).toThrow("quantizedAdd: b expects quantised uint8, got float32 [4]");
  });
});
