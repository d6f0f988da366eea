import { instantiateSync } from "@assemblyscript/loader";
import type { Build } from "../core/build.js";
import { WorkerError } from "../core/errors.js";
import { compileBinary } from "./binaries.js";
import { createMemory } from "./memory.js";

export type { Build };

/** The kernels by name. Each takes numbers and ends in `begin, end`. */
export type Kernels = Record<string, (...args: number[]) => number | void>;

/** The compiled kernels of a build, once per build and kind of memory. @throws {WorkerError} for a build that this engine does not take */
export async function compileKernels(build: Build, { shared = false }: { shared?: boolean } = {}): Promise<WebAssembly.Module> {
  checkBuild(build);
  return compileBinary(build, shared ? importingSharedMemory : undefined);
}

/** Binds compiled kernels to a memory. Several threads may do so on one shared memory. */
export function bindKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return instantiateSync(module, { env: { memory } }).exports as unknown as Kernels;
}

/** Kernels of a build on a memory of one's own. */
export async function instantiate({ build, memory }: { build: Build; memory: WebAssembly.Memory }): Promise<Kernels> {
  return bindKernels(await compileKernels(build), memory);
}

/** Whether this engine takes the binary of a build. */
export function hasBuild(build: Build): boolean {
  return WebAssembly.validate(build === "simd" ? minimalSimd : minimalRelaxed);
}

/** @throws {WorkerError} for a build that this engine does not take */
export function checkBuild(build: Build): void {
  if (!hasBuild("simd")) throw new WorkerError("this engine has no WebAssembly SIMD; Ocelli needs Node 20, Chrome 91, Firefox 113, Safari 16.4 or newer");
  if (!hasBuild(build)) throw new WorkerError(`this engine has no relaxed SIMD, which build "${build}" needs; use "auto" or "simd"`);
}

/** The fastest build whose binary this engine takes and computes rightly. */
export async function fastestBuild(): Promise<Build> {
  return hasBuild("relaxed") && (await failsSelfTest("relaxed")) === undefined ? "relaxed" : "simd";
}

/** @throws {WorkerError} for a build whose integer dot products this engine computes wrongly, as V8 11's baseline compiler does */
export async function checkDots(build: Build): Promise<void> {
  if ((await failsSelfTest(build)) === "dot")
    throw new WorkerError(`this engine computes the integer dot products of build "${build}" wrongly; quantised models need "auto" or "simd" here`);
}

const tested = new Map<Build, Promise<"madd" | "dot" | undefined>>();

/** Which of a build's two instructions with freedom in their definition this engine gets wrong. */
function failsSelfTest(build: Build): Promise<"madd" | "dot" | undefined> {
  const test = async () => {
    const { relaxed_self_test, dot_self_test } = await instantiate({ build, memory: createMemory(0) });
    if (relaxed_self_test?.(1, 2, 3) !== 5) return "madd";
    // 4 products of int8 and 7 bits, or 2 of int16.
    return dot_self_test?.(-127, 127, 3) === 3 - 127 * 127 * (build === "simd" ? 2 : 4) ? undefined : "dot";
  };
  const known = tested.get(build) ?? test();
  tested.set(build, known);
  return known;
}

/**
 * A copy of a binary whose memory import is marked shared. The two forms differ in one bit of the import's limits
 * (WebAssembly threads proposal: flag 1 = has maximum, 3 = has maximum and is shared), so one binary ships for both.
 */
export function importingSharedMemory(binary: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = binary.slice();
  let at = 8;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skipName = () => {
    const length = varint();
    at += length;
  };
  const importSection = 2;
  const memoryImport = 2;
  while (at < bytes.length) {
    const section = bytes[at++];
    const end = varint() + at;
    if (section === importSection) {
      varint(); // how many imports: the memory is the first and only one
      skipName();
      skipName();
      if (bytes[at++] !== memoryImport) throw new WorkerError("the kernel binary imports more than its memory");
      bytes[at] |= 2;
      return bytes;
    }
    at = end;
  }
  throw new WorkerError("the kernel binary imports no memory");
}

/** (module (func (result v128) (v128.const ...))): valid where SIMD is. */
const minimalSimd = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);
/** As above with f32x4.relaxed_madd. */
const minimalRelaxed = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253, 133, 2, 11,
]);
