import { WorkerError } from "../core/errors.js";
import { host } from "./host.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** The package's Wasm by name, deflated and in base64: the kernels of each build and of parts, and image decoders. Each is loaded when it is first asked for. */
const embedded = {
  simd: () => import("../generated/wasm-simd.js"),
  relaxed: () => import("../generated/wasm-relaxed.js"),
  turbo: () => import("../generated/wasm-turbo.js"),
  "simd-general": () => import("../generated/wasm-simd-general.js"),
  "relaxed-general": () => import("../generated/wasm-relaxed-general.js"),
  "simd-quantized": () => import("../generated/wasm-simd-quantized.js"),
  "relaxed-quantized": () => import("../generated/wasm-relaxed-quantized.js"),
  "simd-attention": () => import("../generated/wasm-simd-attention.js"),
  "relaxed-attention": () => import("../generated/wasm-relaxed-attention.js"),
  jpeg: () => import("../generated/codec-jpeg.js"),
  webp: () => import("../generated/codec-webp.js"),
};

export type BinaryName = keyof typeof embedded;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * A compiled binary, once per name and change.
 *
 * @param change makes other bytes of the binary's
 * @throws {WorkerError} where the platform forbids compiling, such as a page whose policy lacks "wasm-unsafe-eval"
 */
export function compileBinary(name: BinaryName, change?: (bytes: Bytes) => Bytes): Promise<WebAssembly.Module> {
  const key = `${name} ${change?.name}`;
  const module = compiled.get(key) ?? binaryBytes(name).then((bytes) => compile(change ? change(bytes) : bytes));
  compiled.set(key, module);
  module.catch(() => compiled.delete(key)); // a chunk that did not load may do so the next time
  return module;
}

export async function binaryBytes(name: BinaryName): Promise<Bytes> {
  const [{ unpack }, { wasm }] = await Promise.all([host(), embedded[name]()]);
  return unpack(wasm);
}

function compile(bytes: Bytes): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes).catch((cause) => {
    throw new WorkerError(`cannot compile WebAssembly: ${cause.message}`, { cause });
  });
}
