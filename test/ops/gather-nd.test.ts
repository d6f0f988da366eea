import { describe, expect, it } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { gatherNd, scatterNd } from "../../src/ops/gather-nd.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";

const product = (sizes: Shape) => sizes.reduce((all, size) => all * size, 1);

/** For each row that `indices` names: the row's first element in x, its elements, and its number. */
function namedRows(x: Shape, indices: Tensor64, batchDims: number) {
  const rank = indices.shape[indices.shape.length - 1];
  const length = product(x.slice(batchDims + rank));
  const count = product(indices.shape.slice(batchDims, -1));
  const total = product(indices.shape.slice(0, -1));
  const starts = Array.from({ length: total }, (_, row) => {
    let place = Math.floor(row / count);
    for (let i = 0; i < rank; i++) {
      const size = x[batchDims + i];
      const index = indices.data[row * rank + i];
      place = place * size + Math.max(0, Math.min(size - 1, index < 0 ? index + size : index));
    }
    return place * length;
  });
  return { starts, length, shape: [...indices.shape.slice(0, -1), ...x.slice(batchDims + rank)] };
}

const positions = [
  { x: [4, 3], indices: [5, 1], values: [3, 0, -1, 3, 9] },
  { x: [2, 3, 5], indices: [2, 2, 2], values: [0, 1, 1, -1, -2, -3, 1, 2] },
  { x: [2, 3, 37], indices: [2, 2, 1], values: [1, 1, 2, 0], batchDims: 1 },
  { x: [3, 4], indices: [2, 2], values: [0, 3, 2, 1] },
  { x: [2, 1, 2, 1, 3, 2, 2], indices: [2, 6], values: [1, 0, 1, 0, 2, 1, 0, 0, 1, 0, 0, 1] },
  { x: [2, 3], indices: [1, 0], values: [] },
  { x: [2, 3], indices: [0, 1], values: [] },
];

testOp(gatherNd, {
  cases: positions.map(({ x, indices, values, batchDims = 0 }) => ({ shapes: { x, indices }, attributes: { batchDims }, values: { indices: values } })),
  reference({ x, indices }, { batchDims }) {
    const { starts, length, shape } = namedRows(x.shape, indices, batchDims);
    return { shape, data: Float64Array.from(starts.flatMap((start) => [...x.data.slice(start, start + length)])) };
  },
});

const joins = {
  none: (_: number, update: number) => update,
  add: (a: number, update: number) => a + update,
  mul: (a: number, update: number) => a * update,
  max: (a: number, update: number) => Math.max(a, update),
  min: (a: number, update: number) => Math.min(a, update),
};

for (const reduction of ["none", "add", "mul", "max", "min"] as const) {
  // Where a row is named twice, the gradient of the update that is lost is not 0, as in PyTorch.
  const chosen = reduction === "none" ? positions.slice(3) : positions;
  testOp(scatterNd, {
    name: `scatterNd ${reduction}`,
    cases: chosen.map(({ x, indices, values, batchDims = 0 }) => ({
      shapes: { x, indices, updates: namedRows(x, { shape: indices, data: Float64Array.from(values) }, batchDims).shape },
      attributes: { batchDims, reduction },
      values: { indices: values },
    })),
    wanted: reduction === "none" || reduction === "add" ? ["x", "updates"] : [],
    reference({ x, indices, updates }, attributes) {
      const { starts, length } = namedRows(x.shape, indices, attributes.batchDims);
      const data = x.data.slice();
      const magnitude = data.map(Math.abs);
      starts.forEach((start, row) => {
        for (let i = 0; i < length; i++) {
          const update = updates.data[row * length + i];
          data[start + i] = joins[reduction](data[start + i], update);
          magnitude[start + i] = Math.max(magnitude[start + i] + Math.abs(update), Math.abs(data[start + i]));
        }
      });
      return { shape: x.shape, data, magnitude, terms: 4 };
    },
  });
}

describe("gatherNd and scatterNd", () => {
  const graph = new Graph();
  const [x, indices, updates] = [graph.input("x", [2, 3]), graph.input("indices", [4, 3]), graph.input("updates", [1, 3])];
  const one = graph.input("one", [1, 1]);

  it("name what does not fit", () => {
    expect(() => gatherNd({ x, indices })).toThrow("gatherNd: expected at most 2 coordinates in indices' last axis, got 3 (x [2,3], indices [4,3])");
    expect(() => gatherNd({ x, indices }, { batchDims: 1 })).toThrow("gatherNd: expected x and indices to share 1 axes, and indices to have more");
    expect(() => gatherNd({ x: graph.input("none", [0]), indices: one })).toThrow("gatherNd: x has no elements to name");
    expect(() => scatterNd({ x, indices: one, updates: x })).toThrow("scatterNd: expected updates [1,3]");
  });

  it("have no gradient where it is not that of a copy or a sum", () => {
    const y = scatterNd({ x, indices: one, updates }, { reduction: "max" });
    expect(() => scatterNd.gradient!.x({ ...y.node!.tensors, dy: y }, y.node!.attributes as typeof scatterNd.attributes, 0)).toThrow(
      'scatterNd: no gradient for the reduction "max"',
    );
  });
});
