import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { attention } from "../../src/ops/attention.js";
import { type Expected, type Tensor64, testOp } from "../harness/test-op.js";

function reference({ qkv, bias }: Record<string, Tensor64>, { heads }: { heads: number }): Expected {
  const [tokens, width] = qkv.shape.slice(-2);
  const channels = width / 3;
  const depth = channels / heads;
  const images = qkv.data.length / tokens / width;
  const data = new Float64Array(images * tokens * channels);
  const magnitude = new Float64Array(data.length);
  for (let image = 0; image < images; image++) {
    for (let head = 0; head < heads; head++) {
      const at = (third: number, token: number, i: number) => qkv.data[(image * tokens + token) * width + third * channels + head * depth + i];
      for (let query = 0; query < tokens; query++) {
        const scores = Array.from({ length: tokens }, (_, key) => {
          let score = 0;
          for (let i = 0; i < depth; i++) score += at(0, query, i) * at(1, key, i);
          return score / Math.sqrt(depth) + (bias?.data[(((image % bias.shape[0]) * heads + head) * tokens + query) * tokens + key] ?? 0);
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const sum = weights.reduce((a, b) => a + b, 0);
        for (let i = 0; i < depth; i++) {
          const to = (image * tokens + query) * channels + head * depth + i;
          for (let key = 0; key < tokens; key++) {
            data[to] += (weights[key] / sum) * at(2, key, i);
            magnitude[to] += (weights[key] / sum) * Math.abs(at(2, key, i));
          }
        }
      }
    }
  }
  // Errors of the scores, below 16 here, are relative errors of their exponentials.
  return { shape: [...qkv.shape.slice(0, -1), channels], data, magnitude, terms: tokens + 16 ** 2 };
}

testOp(attention, {
  cases: [
    { shapes: { qkv: [2, 5, 24] }, attributes: { heads: 2 } },
    { shapes: { qkv: [3, 2, 17, 12] }, attributes: { heads: 1 } },
    { shapes: { qkv: [4, 9, 30], bias: [2, 2, 9, 9] }, attributes: { heads: 2 } },
    { shapes: { qkv: [2, 4, 18], bias: [1, 3, 4, 4] }, attributes: { heads: 3 } },
    { shapes: { qkv: [3, 1, 9] }, attributes: { heads: 3 } },
    { shapes: { qkv: [0, 4, 6] }, attributes: { heads: 1 } },
  ],
  reference,
});
// More tokens than one block of scores holds, and than are summed over in one step.
testOp(attention, {
  name: "attention of many tokens",
  cases: [
    { shapes: { qkv: [1, 50, 96] }, attributes: { heads: 4 } },
    { shapes: { qkv: [1, 801, 12] }, attributes: { heads: 1 } },
  ],
  reference,
  wanted: [],
});

it("says what does not fit", () => {
  const graph = new Graph();
  const qkv = graph.input("qkv", [2, 4, 18]);
  expect(() => attention({ qkv }, { heads: 4 })).toThrow("attention: expected 3 times 4 heads of channels, got 18");
  expect(() => attention({ qkv, bias: graph.input("bias", [3, 2, 4, 4]) }, { heads: 2 })).toThrow(
    "attention: bias expects [b,2,4,4] with b a divisor of 2, got [3,2,4,4]",
  );
});
