import type { BinaryName } from "./binaries.js";

type Source = (name: BinaryName) => Promise<WebAssembly.Module>;

/** The package's own files. A worker's bundle is without them: it is given compiled modules by the thread that started it. */
let source: Source = async (name) => (await import("./binaries.js")).compileBinary(name);

/** Says where this thread gets its modules from. */
export function takeModulesFrom(from: Source): void {
  source = from;
}

/** A compiled binary of the package, in whichever thread. */
export function moduleOf(name: BinaryName): Promise<WebAssembly.Module> {
  return source(name);
}
