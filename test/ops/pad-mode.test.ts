import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { padIndices, padMode } from "../../src/ops/pad-mode.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";

describe("padMode", () => {
  it("repeats as numpy.pad does", () => {
    expect(padIndices(3, 4, 5, "edge")).toEqual([0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2]);
    expect(padIndices(3, 4, 5, "wrap")).toEqual([2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]);
    expect(padIndices(3, 4, 5, "reflect")).toEqual([0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
    expect(padIndices(3, 4, 5, "symmetric")).toEqual([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    expect(padIndices(1, 1, 2, "reflect")).toEqual([0, 0, 0, 0]);
  });

  it.each(builds)("%s: pads every axis, and sums gradients back", async (build) => {
    const graph = new Graph();
    const [x, dy] = [graph.input("x", [2, 3]), graph.input("dy", [4, 5])];
    const y = padMode({ x }, { before: [1, 2], after: [1, 0], mode: "reflect" });
    const dx = gradients(y, [x], dy).get(x) as Value;
    const feeds = new Map([
      [x, Float32Array.of(1, 2, 3, 4, 5, 6)],
      [dy, new Float32Array(20).fill(1)],
    ]);
    const [padded, slope] = await runGraph(graph, feeds, [y, dx], { build });
    expect([...padded]).toEqual([6, 5, 4, 5, 6, 3, 2, 1, 2, 3, 6, 5, 4, 5, 6, 3, 2, 1, 2, 3]);
    expect([...slope]).toEqual([2, 4, 4, 2, 4, 4]);
  });

  it("names what does not fit", () => {
    const graph = new Graph();
    const [x, none] = [graph.input("x", [2]), graph.input("none", [0])];
    expect(() => padMode({ x }, { before: [-1], after: [0], mode: "edge" })).toThrow(
      "padMode: expected 1 sizes of 0 or more before and after, got [-1] and [0]",
    );
    expect(() => padMode({ x: none }, { before: [1], after: [0], mode: "edge" })).toThrow("padMode: axis 0 of x [0] has no elements to repeat");
    expect(padMode({ x }, { before: [0], after: [0], mode: "wrap" })).toBe(x);
  });
});
