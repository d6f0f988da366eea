import { ArgumentError, WorkerError } from "../core/errors.js";
import { openSource } from "../core/source.js";
import { type BinaryName, embedded } from "./embedded.js";
import { host } from "./host.js";

export type { BinaryName };
type Bytes = Uint8Array<ArrayBuffer>;

/** Where binaries come from that are not to come from the package's own scripts, by name: `simd`, `relaxed-attention`, `jpeg`, ... (`ocelli/wasm/ocelli-<name>.wasm`). */
export interface BinarySources {
  /** Compiled, for hosts that compile nothing at run time. Threads cannot share the memory of a compiled module, so each model then has one. */
  readonly module?: Partial<Record<BinaryName, WebAssembly.Module>>;
  /** A folder that has the package's `wasm/` files, or the address of each. */
  readonly url?: string | URL | Partial<Record<BinaryName, string | URL>>;
  readonly bytes?: Partial<Record<BinaryName, ArrayBuffer | Bytes>>;
}

type Source = WebAssembly.Module | ArrayBuffer | Bytes | string | URL;

const given = new Map<BinaryName, Source>();
const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** Takes binaries from elsewhere than the package from now on. @throws {ArgumentError} for a name that no binary has */
export function takeBinariesFrom({ module, url, bytes }: BinarySources): void {
  const folder = typeof url === "string" || url instanceof URL ? String(url).replace(/\/?$/, "/") : undefined;
  const addresses = folder === undefined ? url : Object.fromEntries(Object.keys(embedded).map((name) => [name, `${folder}ocelli-${name}.wasm`]));
  for (const [name, source] of Object.entries<Source>({ ...(addresses as object), ...bytes, ...module })) {
    if (!Object.hasOwn(embedded, name)) throw new ArgumentError(`init: no binary is called "${name}"; expected ${Object.keys(embedded).join(", ")}`);
    given.set(name as BinaryName, source);
  }
}

/** Whether `auto` may take a build: where `init` gave kernels, one of those; else one that the package brings along here. */
export function isOffered(build: "simd" | "relaxed"): boolean {
  return given.has(build) || (build in embedded && !(given.has("simd") || given.has("relaxed")));
}

/** Whether binaries came compiled, and so for a memory that is not shared. */
export function cameCompiled(): boolean {
  return [...given.values()].some((source) => source instanceof WebAssembly.Module);
}

/**
 * A compiled binary, once per name and change.
 *
 * @param change makes other bytes of the binary's
 * @throws {WorkerError} where the platform forbids compiling, such as a page whose policy lacks "wasm-unsafe-eval"
 * @throws {DataError} where the address that `init` gave has none
 */
export function compileBinary(name: BinaryName, change?: (bytes: Bytes) => Bytes): Promise<WebAssembly.Module> {
  const key = `${name} ${change?.name}`;
  const module = compiled.get(key) ?? load(name).then((binary) => (binary instanceof WebAssembly.Module ? binary : compile(change ? change(binary) : binary)));
  compiled.set(key, module);
  module.catch(() => compiled.delete(key)); // a chunk that did not load may do so the next time
  return module;
}

/** @throws {WorkerError} where the binary came compiled */
export async function binaryBytes(name: BinaryName): Promise<Bytes> {
  const binary = await load(name);
  if (binary instanceof WebAssembly.Module) throw new WorkerError(`the bytes of "${name}" are needed, and it came compiled`);
  return binary;
}

async function load(name: BinaryName): Promise<Bytes | WebAssembly.Module> {
  const source: Source | undefined = given.get(name);
  if (source === undefined) {
    const [{ unpack }, { wasm }] = await Promise.all([host(), embedded[name]() as Promise<{ wasm: string | WebAssembly.Module }>]);
    // A module that a host compiled in another realm, as Next does, is none to `instanceof`, here and in the loader.
    return typeof wasm === "string" ? unpack(wasm) : Object.setPrototypeOf(wasm, WebAssembly.Module.prototype);
  }
  if (source instanceof WebAssembly.Module) return source;
  const file = await openSource(source);
  try {
    return (await file.read(0, file.size)) as Bytes;
  } finally {
    await file.close();
  }
}

/** What to do where a page's policy forbids it. */
const policyHint = "; allow 'wasm-unsafe-eval' by script-src of the page's Content-Security-Policy";

function compile(bytes: Bytes): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes).catch((cause) => {
    throw new WorkerError(`cannot compile WebAssembly: ${cause.message}${/polic|CSP|unsafe-eval/i.test(cause.message) ? policyHint : ""}`, { cause });
  });
}
