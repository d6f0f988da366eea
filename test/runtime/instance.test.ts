import { describe, expect, test } from "vitest";
import { WorkerError } from "../../src/core/errors.js";
import { binariesOf, bindKernels, bindModules, compileKernels, fastestBuild, hasBuild, importingSharedMemory } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";
import { partOf } from "../../src/runtime/parts.js";

/** (module (import "env" "memory" (memory 1 65536))) */
const memoryImport = [2, 17, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 1, 1, 0x80, 0x80, 4];
const header = [0, 97, 115, 109, 1, 0, 0, 0];
const importing = Uint8Array.from([...header, ...memoryImport.with(1, memoryImport.length - 2)]);

describe("importingSharedMemory", () => {
  test("changes one bit: the import's limits say shared", () => {
    expect(WebAssembly.validate(importing)).toBe(true);
    const shared = importingSharedMemory(importing);
    expect(WebAssembly.validate(shared as BufferSource)).toBe(true);
    const changes = [...shared].flatMap((byte, i) => (byte === importing[i] ? [] : [[importing[i], byte]]));
    expect(changes).toEqual([[1, 3]]);
    const memory = createMemory(65536, { shared: true });
    const module = new WebAssembly.Module(shared as BufferSource);
    expect(() => new WebAssembly.Instance(module, { env: { memory } })).not.toThrow();
    expect(() => new WebAssembly.Instance(module, { env: { memory: createMemory(65536) } })).toThrow(WebAssembly.LinkError);
  });

  test("refuses a binary without a memory import, or with another import first", () => {
    expect(() => importingSharedMemory(Uint8Array.from(header))).toThrow(WorkerError);
    const functionImport = [1, 4, 1, 96, 0, 0, 2, 9, 1, 3, 101, 110, 118, 1, 102, 0, 0];
    const other = Uint8Array.from([...header, ...functionImport]);
    expect(WebAssembly.validate(other)).toBe(true);
    expect(() => importingSharedMemory(other)).toThrow("the kernel binary imports more than its memory");
  });
});

test("the real kernels, with and without a part, bind to a memory of either kind and import nothing else", async () => {
  for (const shared of [false, true]) {
    const memory = createMemory(65536, { shared });
    const modules = await compileKernels("simd", ["add_u8", "clip_f32"], { shared });
    for (const [, module] of modules) expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    const { clip_f32, add_u8 } = bindModules(modules, memory);
    for (const kernel of [clip_f32, add_u8]) expect(kernel).toBeTypeOf("function");
    expect(bindModules(await compileKernels("simd", ["clip_f32"], { shared }), memory).add_u8).toBeUndefined();
  }
});

test("a part is asked for only by its own kernels, and turbo takes relaxed's", () => {
  expect(binariesOf("relaxed", ["conv2d_f32", "clip_f32"])).toEqual(["relaxed"]);
  expect(binariesOf("simd", ["conv2d_u8", "clip_f32", "add_u8"])).toEqual(["simd", "simd-quantized"]);
  expect(binariesOf("turbo", ["conv2d_u8"])).toEqual(["turbo", "relaxed-quantized"]);
});

test("kernels are in the binary that the table says and in no other, and each binary has static data of its own", async () => {
  const taken = new Uint8Array(65536);
  for (const [name, module] of await compileKernels("simd", Object.keys(partOf))) {
    const exported = new Set(WebAssembly.Module.exports(module).map((entry) => entry.name));
    for (const [kernel, part] of Object.entries(partOf)) expect(exported.has(kernel), `${kernel} in ${name}`).toBe(name === `simd-${part}`);
    const memory = createMemory(65536);
    bindKernels(module, memory);
    new Uint8Array(memory.buffer).forEach((byte, at) => {
      if (byte !== 0) expect(taken[at]++, `${name} at ${at}`).toBe(0);
    });
  }
});

test("the fastest build is one that the engine takes", async () => {
  expect(hasBuild(await fastestBuild())).toBe(true);
  expect(await fastestBuild()).toBe(hasBuild("relaxed") ? "relaxed" : "simd");
});
