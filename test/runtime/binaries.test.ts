import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, test, vi } from "vitest";
import { hasBuild } from "../../src/runtime/instance.js";
import type { InitOptions } from "../../src/runtime/init.js";

const build = join(import.meta.dirname, "../../build");
const bytes = { simd: new Uint8Array(readFileSync(join(build, "ocelli-simd.wasm"))) };
const module = { simd: new WebAssembly.Module(bytes.simd) };
const url = { simd: pathToFileURL(join(build, "ocelli-simd.wasm")) };

/** Fresh modules, in which the package's own binaries are out of reach. */
async function without(options: InitOptions) {
  const { init } = await import("../../src/index.js");
  const { Graph } = await import("../../src/graph/graph.js");
  const { clip } = await import("../../src/ops/clip.js");
  const { Session } = await import("../../src/runtime/session.js");
  init(options);
  const run = async (sessionOptions: import("../../src/runtime/session.js").SessionOptions) => {
    const session = await Session.open(sessionOptions);
    try {
      const graph = new Graph();
      graph.output("y", clip({ x: graph.input("x", [1, 2, 2, 1]) }, { low: 0, high: 1 }));
      const { y } = await (await session.prepare(graph)).run({ x: Float32Array.of(-1, 0.25, 0.5, 2) });
      return { y: [...y], threads: session.threads, build: session.build };
    } finally {
      session.close();
    }
  };
  return { run, pool: () => import("../../src/runtime/pool.js") };
}

const asked: string[] = [];
beforeEach(() => {
  vi.resetModules();
  asked.length = 0;
  vi.doMock("../../src/runtime/embedded.js", () => {
    const none = (name: string) => async () => {
      asked.push(name);
      throw new Error(`the package's own ${name} is out of reach`);
    };
    return { embedded: Object.fromEntries(["simd", "relaxed", "simd-general", "jpeg"].map((name) => [name, none(name)])) };
  });
});

test("without init, kernels are the package's own", async () => {
  const { run } = await without({});
  await expect(run({ inline: true, build: "simd" })).rejects.toThrow("the package's own simd is out of reach");
});

test.each(Object.entries({ bytes: { bytes }, url: { url }, module: { module }, folder: { url: `${pathToFileURL(build)}` } }))(
  "init takes kernels from %s",
  async (_, options) => {
    const { run } = await without(options);
    expect(await run({ inline: true, build: "simd" })).toEqual({ y: [0, 0.25, 0.5, 1], threads: 1, build: "simd" });
    expect(asked).toEqual([]);
  },
);

test("auto takes none but the builds that were given, and relaxed where it was", async () => {
  expect((await (await without({ bytes })).run({ inline: true })).build).toBe("simd");
  expect(asked).toEqual([]);
  vi.resetModules();
  const both = { ...bytes, relaxed: new Uint8Array(readFileSync(join(build, "ocelli-relaxed.wasm"))) };
  expect((await (await without({ bytes: both })).run({ inline: true })).build).toBe(hasBuild("relaxed") ? "relaxed" : "simd");
});

test("bytes serve threads that share a memory; a compiled module, in one thread, off the caller's", async () => {
  const results = [];
  for (const options of [{ bytes }, { module }]) {
    vi.resetModules();
    const { run, pool } = await without(options);
    results.push(await run({ threads: 2, build: "simd" }));
    (await (await pool()).pool(1)).close();
  }
  expect(results.map(({ threads }) => threads)).toEqual([2, 1]);
  expect(results.map(({ y }) => y)).toEqual(Array(2).fill([0, 0.25, 0.5, 1]));
});

test("a name that is no binary, an address without one, and bytes that are none are errors that say so", async () => {
  const { init } = await import("../../src/index.js");
  expect(() => init({ bytes: { smid: bytes.simd } as never })).toThrow('init: no binary is called "smid"; expected simd, relaxed');
  const missing = await without({ url: { simd: pathToFileURL("/nowhere/ocelli-simd.wasm") } });
  await expect(missing.run({ inline: true, build: "simd" })).rejects.toMatchObject({ name: "DataError", message: expect.stringContaining("/nowhere") });
  vi.resetModules();
  const wrong = await without({ bytes: { simd: new Uint8Array(8) } });
  await expect(wrong.run({ inline: true, build: "simd" })).rejects.toMatchObject({ name: "WorkerError", message: expect.stringContaining("cannot compile") });
});
