import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import "../harness/kernels.js"; // Lets Node 20 run relaxed SIMD.
import { gradients } from "../../src/autograd/index.js";
import { ArgumentError } from "../../src/core/errors.js";
import { sizeOf } from "../../src/core/shape.js";
import { Graph } from "../../src/graph/graph.js";
import { attention } from "../../src/ops/attention.js";
import { conv2d } from "../../src/ops/conv2d.js";
import { dense, matmul } from "../../src/ops/dense.js";
import { sum } from "../../src/ops/sum.js";
import type { Build } from "../../src/core/build.js";
import { chooseBuild } from "../../src/runtime/choose-build.js";
import { init } from "../../src/runtime/init.js";
import { fastestBuild, hasBuild } from "../../src/runtime/instance.js";
import { Session } from "../../src/runtime/session.js";

/** A layer with every gradient, and numbers for what it keeps and reads. */
function layer(make: (graph: Graph) => void): Graph {
  const graph = new Graph();
  make(graph);
  const [y] = graph.outputs.values();
  const loss = sum({ x: y }, { axes: y.shape.map((_, axis) => axis) });
  for (const [value, gradient] of gradients(loss, [...graph.kept.values(), ...graph.inputs.values()])) graph.output(`d${value.name}`, gradient);
  return graph;
}

const numbers = (size: number, seed: number) => Float32Array.from({ length: size }, (_, i) => (((i + seed) * 7919) % 255) / 128 - 1);

/** A digest of each output. */
async function outputs(graph: Graph, build: Build): Promise<Record<string, string>> {
  const session = await Session.open({ build: "simd", inline: true });
  const program = await session.prepare(graph, { build });
  for (const { name, shape } of session.keptValues()) await session.write(name, numbers(sizeOf(shape), name.length));
  const results = await program.run(Object.fromEntries([...graph.inputs].map(([name, { shape }]) => [name, numbers(sizeOf(shape), 5)])));
  session.close();
  return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, createHash("sha256").update(data).digest("hex")]));
}

describe.skipIf(!hasBuild("turbo"))("turbo gives the bits of relaxed", () => {
  test.each([1, 7, 16, 24, 41])("for dense layers with %i outputs", async (columns) => {
    for (const rows of [1, 2, 13, 66]) {
      const graph = layer((graph) => {
        const weight = graph.keep("parameter", "weight", [37, columns]);
        graph.output("y", dense({ x: graph.input("x", [rows, 37]), weight, bias: graph.keep("parameter", "bias", [columns]) }, { low: -1, high: 3 }));
      });
      expect(await outputs(graph, "turbo"), `${rows} rows`).toEqual(await outputs(graph, "relaxed"));
    }
  });

  test("for products deeper than a slice and strides that collide in the cache", async () => {
    const graph = layer((graph) => graph.output("y", matmul({ a: graph.input("a", [9, 1030]), b: graph.input("b", [1030, 512]) })));
    expect(await outputs(graph, "turbo")).toEqual(await outputs(graph, "relaxed"));
  });

  test.each([7, 8, 41])("for layers deeper than a slice with %i outputs", async (columns) => {
    for (const rows of [1, 9]) {
      const graph = layer((graph) => {
        const weight = graph.keep("parameter", "weight", [1600, columns]);
        graph.output("y", dense({ x: graph.input("x", [rows, 1600]), weight, bias: graph.keep("parameter", "bias", [columns]) }, { low: -1, high: 3 }));
      });
      expect(await outputs(graph, "turbo"), `${rows} rows`).toEqual(await outputs(graph, "relaxed"));
    }
  });

  test("for attention, whose kernels are relaxed's", async () => {
    const graph = layer((graph) => {
      const bias = graph.keep("parameter", "bias", [1, 3, 21, 21]);
      graph.output("y", attention({ qkv: graph.input("qkv", [2, 21, 90]), bias }, { heads: 3 }));
    });
    expect(await outputs(graph, "turbo")).toEqual(await outputs(graph, "relaxed"));
  });

  test.each([
    { channels: 5, filters: 18, groups: 1, stride: [1, 1] },
    { channels: 16, filters: 40, groups: 1, stride: [1, 1] },
    { channels: 16, filters: 40, groups: 1, stride: [2, 2] },
    { channels: 12, filters: 42, groups: 2, stride: [1, 2] },
  ])("for convolutions: $channels to $filters, $groups groups, stride $stride", async ({ channels, filters, groups, stride }) => {
    const graph = layer((graph) => {
      const weight = graph.keep("parameter", "weight", [3, 3, channels / groups, filters]);
      const bias = graph.keep("parameter", "bias", [filters]);
      graph.output("y", conv2d({ x: graph.input("x", [2, 9, 11, channels]), weight, bias }, { stride, groups, padding: [1, 1, 1, 1], low: 0 }));
    });
    expect(await outputs(graph, "turbo")).toEqual(await outputs(graph, "relaxed"));
  });
});

describe("the choice of a build", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  beforeEach(() => warn.mockClear());
  afterEach(() => vi.unstubAllEnvs());

  test("is what was asked for, else init's, else the environment's, else the fastest but turbo", async () => {
    expect(await chooseBuild()).toBe(await fastestBuild());
    vi.stubEnv("OCELLI_BUILD", "simd");
    expect(await chooseBuild()).toBe("simd");
    init({ build: "auto" });
    expect(await chooseBuild()).toBe(await fastestBuild());
    expect(await chooseBuild("simd")).toBe("simd");
    expect(warn).not.toHaveBeenCalled();
  });

  test("must be a name of a build", async () => {
    await expect(chooseBuild("fast" as never)).rejects.toThrow(ArgumentError);
    expect(() => init({ build: "fast" as never })).toThrow('build: expected "auto", "simd", "relaxed", "turbo", got "fast"');
  });

  test("falls back from turbo with one warning that says why", async () => {
    vi.stubEnv("XDG_CACHE_HOME", mkdtempSync(join(tmpdir(), "ocelli-")));
    const [first, second] = [await chooseBuild("turbo"), await chooseBuild("turbo")];
    expect(second).toBe(first);
    if (first === "turbo") return expect(warn).not.toHaveBeenCalled();
    expect(first).toBe(await fastestBuild());
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^ocelli: build "turbo" is not available: .+; using "(simd|relaxed)"$/)]]);
  });
});
