import { instantiateSync } from "@assemblyscript/loader";
import type { Build } from "../core/build.js";
import { WorkerError } from "../core/errors.js";
import { type BinaryName, compileBinary, isOffered } from "./binaries.js";
import { createMemory } from "./memory.js";
import { partOf } from "./parts.js";

export type { Build };

/** The kernels by name. Each takes numbers and ends in `begin, end`. */
export type Kernels = Record<string, (...args: number[]) => number | void>;

/** Compiled binaries of kernels by name. */
export type Modules = readonly (readonly [BinaryName, WebAssembly.Module])[];

/** The binaries that have a build's kernels, with those of parts that are named. Parts come for `simd` and `relaxed`; `turbo` calls `relaxed`'s. */
export function binariesOf(build: Build, named: readonly string[]): BinaryName[] {
  const parts = new Set(named.flatMap((kernel) => partOf[kernel] ?? []));
  return [build, ...[...parts].map((part) => `${build === "turbo" ? "relaxed" : build}-${part}` as const)];
}

/** These compiled, once per binary and kind of memory. @throws {WorkerError} for a build that this engine does not take */
export async function compileKernels(build: Build, named: readonly string[], { shared = false }: { shared?: boolean } = {}): Promise<Modules> {
  checkBuild(build);
  const change = shared ? importingSharedMemory : undefined;
  return Promise.all(binariesOf(build, named).map(async (name) => [name, await compileBinary(name, change)] as const));
}

/** Binds compiled kernels to a memory. Several threads may do so on one shared memory. */
export function bindKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return instantiateSync(module, { env: { memory } }).exports as unknown as Kernels;
}

/** The kernels of several binaries. @param bound has those that are bound to this memory, and gets the others */
export function bindModules(modules: Modules, memory: WebAssembly.Memory, bound = new Map<BinaryName, Kernels>()): Kernels {
  for (const [name, module] of modules) if (!bound.has(name)) bound.set(name, bindKernels(module, memory));
  return Object.assign({}, ...modules.map(([name]) => bound.get(name)));
}

/** Kernels of a build on a memory of one's own: with those of parts that are named. */
export async function instantiate({ build, memory, named = [] }: { build: Build; memory: WebAssembly.Memory; named?: readonly string[] }): Promise<Kernels> {
  return bindModules(await compileKernels(build, named), memory);
}

/** Whether this engine takes the binary of a build. Browsers that are set to be careful have no WebAssembly at all. */
export function hasBuild(build: Build): boolean {
  return globalThis.WebAssembly !== undefined && WebAssembly.validate(build === "simd" ? minimalSimd : minimalRelaxed);
}

/** @throws {WorkerError} for a build that this engine does not take */
export function checkBuild(build: Build): void {
  if (!hasBuild("simd")) throw new WorkerError("this engine has no WebAssembly SIMD; Ocelli needs Node 20, Chrome 91, Firefox 113, Safari 16.4 or newer");
  if (!hasBuild(build)) throw new WorkerError(`this engine has no relaxed SIMD, which build "${build}" needs; use "auto" or "simd"`);
}

/** The fastest build whose binary there is and this engine takes and computes rightly. */
export async function fastestBuild(): Promise<Build> {
  return isOffered("relaxed") && hasBuild("relaxed") && (await gives(5, "relaxed", "relaxed_self_test", [1, 2, 3])) ? "relaxed" : "simd";
}

/** @throws {WorkerError} for a build whose integer dot products this engine computes wrongly, as V8 11's baseline compiler does */
export async function checkDots(build: Build): Promise<void> {
  const products = build === "simd" ? 2 : 4; // of int16, or of int8 and 7 bits
  if (!(await gives(3 - 127 * 127 * products, build, "dot_self_test", [-127, 127, 3])))
    throw new WorkerError(`this engine computes the integer dot products of build "${build}" wrongly; quantised models need "auto" or "simd" here`);
}

const tested = new Map<string, Promise<boolean>>();

/** Whether this engine computes an instruction with freedom in its definition as the kernels need it; tried once. */
function gives(expected: number, build: Build, kernel: string, args: readonly number[]): Promise<boolean> {
  const key = `${kernel} ${build}`;
  const test = async () => (await instantiate({ build, memory: createMemory(0), named: [kernel] }))[kernel]?.(...args) === expected;
  const known = tested.get(key) ?? test();
  tested.set(key, known);
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
