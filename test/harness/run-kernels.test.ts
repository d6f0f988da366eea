import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { defineOp, type Emitter, type Tensors } from "../../src/graph/op.js";
import { expectSameBits } from "./test-op.js";
import { runGraph, type RunOptions } from "./run-kernels.js";

/** Runs one op of 100 elements that is lowered as given: the faults that the harness must see. */
function run(lower: (emit: Emitter, tensors: Tensors) => void, options: Omit<RunOptions, "build"> = {}) {
  const graph = new Graph();
  const x = graph.input("x", [100]);
  const op = defineOp({ name: "faulty", summary: "", inputs: ["x"], attributes: {}, shape: ({ x }) => x, lower });
  return runGraph(graph, new Map([[x, new Float32Array(100).fill(1)]]), [op({ x })], { build: "simd", ...options });
}

describe("run-kernels", () => {
  it("sees a write past a tensor's padding", async () => {
    await run((emit, { y }) => emit.call("fill_f32", [y, 0], 28));
    await expect(run((emit, { y }) => emit.call("fill_f32", [y, 0], 29))).rejects.toThrow("fill_f32 wrote past the end of a tensor [100]");
  });

  it("sees a result that depends on the split", async () => {
    // One thread sums a workspace of which each thread has filled its own share.
    const lower = (emit: Emitter, { y }: Tensors) => {
      const own = emit.workspace(400);
      emit.call("fill_f32", [own, 3], 25);
      emit.call("sum_f32_line", [y, own, 100, 100, 1], 1);
    };
    const found = await run(lower);
    await expect(expectSameBits(found, (options) => run(lower, options), false)).rejects.toThrow("same bits");
  });

  it("sees a call that does not fit its kernel", async () => {
    await expect(run((emit, { y }) => emit.call("fill_f32", [y], 25))).rejects.toThrow("fill_f32 takes 4 parameters, the call gives 1 + begin, end");
    await expect(run((emit, { y }) => emit.call("no_such_kernel", [y], 25))).rejects.toThrow("no_such_kernel");
  });

  it("shows memory that no kernel wrote as NaN", async () => {
    const [found] = await run((emit, { y }) => emit.call("fill_f32", [y, 0], 24));
    expect([...found.subarray(0, 96)].every((value) => value === 0)).toBe(true);
    expect(found[99]).toBeNaN();
  });
});
