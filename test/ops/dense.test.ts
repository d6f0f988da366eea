import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.js";
import { broadcastShapes, sizeOf } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { dense, matmul } from "../../src/ops/dense.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";

testOp(dense, {
  cases: [
    { shapes: { x: [1, 1], weight: [1, 1], bias: [1] } },
    { shapes: { x: [3, 5], weight: [5, 8] } },
    { shapes: { x: [1, 6], weight: [6, 77], bias: [77] }, attributes: { low: -1, high: 2 } },
    { shapes: { x: [2, 3, 17], weight: [17, 13], bias: [13] } },
    { shapes: { x: [1, 7], weight: [7, 3], bias: [3] } },
    { shapes: { x: [0, 4], weight: [4, 5], bias: [5] } },
    { shapes: { x: [131, 9], weight: [9, 20], bias: [20] }, attributes: { low: 0 } },
    { shapes: { x: [7, 1600], weight: [1600, 3], bias: [3] }, attributes: { low: 0, high: 6 } },
    { shapes: { x: [1, 1000], weight: [1000, 45], bias: [45] }, attributes: { low: -6 } },
    { shapes: { x: [258, 2], weight: [2, 512] } },
    { shapes: { x: [258, 512], weight: [512, 1] } },
  ],
  reference: denseReference,
});

testOp(dense, {
  name: "dense with panels beyond the second-level cache",
  cases: [{ shapes: { x: [25, 1100], weight: [1100, 125], bias: [125] }, attributes: { low: 0 } }, { shapes: { x: [1, 520], weight: [520, 256] } }],
  wanted: [],
  reference: denseReference,
});

describe.each(builds)("deep products in %s", (build) => {
  test("are rounded hardly more than shallow ones", async () => {
    const random = new Random(1);
    const numbers = (size: number, low: number) => Float32Array.from({ length: size }, () => random.uniform(low, 1));
    const [rows, columns] = [8, 64];
    const errors = new Map<number, number>();
    for (const depth of [512, 4608]) {
      const graph = new Graph();
      const [x, weight] = [graph.input("x", [rows, depth]), graph.input("weight", [depth, columns])];
      const given = new Map([
        [x, numbers(rows * depth, 0)],
        [weight, numbers(depth * columns, -1)],
      ]);
      const [found] = await runGraph(graph, given, [dense({ x, weight })], { build });
      const [a, b] = [...given].map(([{ shape }, data]) => ({ shape, data: Float64Array.from(data) }));
      const y = product(a, { transposed: false, at: 0, step: depth }, b, { transposed: false, at: 0 }, rows, columns, depth).data;
      errors.set(depth, rms(y.map((value, i) => found[i] - value)) / rms(y));
    }
    // One sum over all of the depth would have three times the error.
    expect(errors.get(4608)).toBeLessThan(1.5 * (errors.get(512) as number));
    expect(errors.get(4608)).toBeLessThan(5e-7);
  });
});

const rms = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);

function denseReference({ x, weight, bias }: Record<string, Tensor64>, { low, high }: { readonly low: number; readonly high: number }) {
  const [depth, columns] = weight.shape;
  const y = product(x, { transposed: false, at: 0, step: depth }, weight, { transposed: false, at: 0 }, sizeOf(x.shape.slice(0, -1)), columns, depth);
  const clamped = y.data.map((value, i) => Math.min(Math.max(value + (bias ? bias.data[i % columns] : 0), low), high));
  const magnitude = y.magnitude.map((value, i) => value + Math.abs(bias ? bias.data[i % columns] : 0));
  return { shape: [...x.shape.slice(0, -1), columns], data: clamped, magnitude, terms: depth + 1 };
}

for (const [transposeA, transposeB] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
]) {
  const a = (rows: number, depth: number) => (transposeA ? [depth, rows] : [rows, depth]);
  const b = (depth: number, columns: number) => (transposeB ? [columns, depth] : [depth, columns]);
  testOp(matmul, {
    name: `matmul ${transposeA ? "a^T" : "a"} ${transposeB ? "b^T" : "b"}`,
    attributes: [{ transposeA, transposeB }],
    inputs: {
      a: [a(1, 1), a(7, 5), a(65, 33), [3, ...a(5, 4)], [2, 3, ...a(3, 5)], [2, 1, ...a(3, 2)], a(4, 3), [2, 3, ...a(3, 5)], a(6, 1100), [0, ...a(2, 3)]],
      b: [b(1, 1), b(5, 8), b(33, 17), [3, ...b(4, 9)], b(5, 2), [3, ...b(2, 5)], [2, ...b(3, 6)], [3, ...b(5, 2)], b(1100, 3), [0, ...b(3, 2)]],
    },
    reference(tensors) {
      const batch = broadcastShapes(tensors.a.shape.slice(0, -2), tensors.b.shape.slice(0, -2)) as number[];
      const [r, k] = tensors.a.shape.slice(-2);
      const [rows, depth] = transposeA ? [k, r] : [r, k];
      const columns = tensors.b.shape[tensors.b.shape.length - (transposeB ? 2 : 1)];
      const data = new Float64Array(sizeOf([...batch, rows, columns]));
      const magnitude = data.slice();
      for (let i = 0; i < sizeOf(batch); i++) {
        const at = (tensor: Tensor64) => matrixAt(tensor.shape.slice(0, -2), batch, i) * sizeOf(tensor.shape.slice(-2));
        const step = transposeA ? rows : depth;
        const y = product(
          tensors.a,
          { transposed: transposeA, at: at(tensors.a), step },
          tensors.b,
          { transposed: transposeB, at: at(tensors.b) },
          rows,
          columns,
          depth,
        );
        data.set(y.data, i * rows * columns);
        magnitude.set(y.magnitude, i * rows * columns);
      }
      return { shape: [...batch, rows, columns], data, magnitude, terms: depth };
    },
  });
}

/** Index of the matrix that a tensor with leading axes `own` gives to index i of the broadcast axes. */
function matrixAt(own: readonly number[], batch: readonly number[], i: number): number {
  let [index, step] = [0, 1];
  for (let axis = 1; axis <= batch.length; axis++) {
    const size = batch[batch.length - axis];
    const mine = own[own.length - axis] ?? 1;
    index += (mine === 1 ? 0 : i % size) * step;
    step *= mine;
    i = Math.floor(i / size);
  }
  return index;
}

/** y[m, n] = sum over k of a b, and the same sum of |a b|. */
function product(
  a: Tensor64,
  formA: { transposed: boolean; at: number; step: number },
  b: Tensor64,
  formB: { transposed: boolean; at: number },
  rows: number,
  columns: number,
  depth: number,
) {
  const data = new Float64Array(rows * columns);
  const magnitude = data.slice();
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < columns; n++) {
      for (let k = 0; k < depth; k++) {
        const term =
          a.data[formA.at + (formA.transposed ? k * formA.step + m : m * formA.step + k)] *
          b.data[formB.at + (formB.transposed ? n * depth + k : k * columns + n)];
        data[m * columns + n] += term;
        magnitude[m * columns + n] += Math.abs(term);
      }
    }
  }
  return { data, magnitude };
}
