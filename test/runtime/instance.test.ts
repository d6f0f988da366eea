import { describe, expect, test } from "vitest";
import { WorkerError } from "../../src/core/errors.js";
import { bindKernels, compileKernels, fastestBuild, hasBuild, importingSharedMemory } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";

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

test("the real kernels bind to a memory of either kind and import nothing else", async () => {
  for (const shared of [false, true]) {
    const module = await compileKernels("simd", { shared });
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    expect(bindKernels(module, createMemory(65536, { shared })).clip_f32).toBeTypeOf("function");
  }
});

test("the fastest build is one that the engine takes", async () => {
  expect(hasBuild(await fastestBuild())).toBe(true);
  expect(await fastestBuild()).toBe(hasBuild("relaxed") ? "relaxed" : "simd");
});
