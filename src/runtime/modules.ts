import type { BinaryName } from "./binaries.js";
import type { Build, Kernels } from "./instance.js";
import type { ScriptName } from "./scripts.js";

/** Gives a thread what its own bundle is without. */
export interface ModuleSource {
  /** A compiled binary. */
  binary(name: BinaryName): Promise<WebAssembly.Module>;
  /** Kernels of a build on a memory, with those of parts that are named. */
  kernels(build: Build, memory: WebAssembly.Memory, named: readonly string[]): Promise<Kernels>;
  /** A module of scripts. */
  script(name: ScriptName): Promise<unknown>;
}

/** Absent where the package's own files are within reach. */
let source: ModuleSource | undefined;

/** Says where this thread gets its modules from. A worker's bundle is without them: the thread that started it gives them. */
export function takeModulesFrom(from: ModuleSource): void {
  source = from;
}

/** A compiled binary of the package, in whichever thread. */
export async function moduleOf(name: BinaryName): Promise<WebAssembly.Module> {
  return source ? source.binary(name) : (await import("./binaries.js")).compileBinary(name);
}

/** Kernels of a build on a memory of one's own, with those of parts that are named, in whichever thread. */
export async function kernelsOf(build: Build, memory: WebAssembly.Memory, named: readonly string[] = []): Promise<Kernels> {
  return source ? source.kernels(build, memory, named) : (await import("./instance.js")).instantiate({ build, memory, named });
}

/** Scripts that have a bundle of their own for workers, in whichever thread. @param own imports them from the package's files */
export async function scriptOf<T>(name: ScriptName, own: () => Promise<T>): Promise<T> {
  return source ? ((await source.script(name)) as T) : own();
}
