import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { setFlagsFromString } from "node:v8";
import asc from "assemblyscript/asc";
import { binariesOf } from "../../src/runtime/instance.js";

export type Build = "simd" | "relaxed";
export type Kernels = Record<string, (...args: number[]) => void>;

const root = resolve(import.meta.dirname, "../..");
const sources = join(root, "assembly");
const listing = (folder: string, recursive = false) =>
  readdirSync(folder, { encoding: "utf8", recursive })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));
const changedAt = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** One function whose only instruction of note is f32x4.relaxed_madd. */
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11,
]);
// Node 20 has relaxed SIMD behind a flag that may be set before the first module is compiled.
if (!WebAssembly.validate(relaxedProbe)) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** The builds that this runtime can run. */
export const builds: Build[] = WebAssembly.validate(relaxedProbe) ? ["simd", "relaxed"] : ["simd"];

/** The one memory of all test kernels; nothing in it outlives a run. */
export const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
const instances = new Map<string, Kernels>();

/**
 * The named kernels: from `build/` where that is newer than `assembly/`, else compiled from only those
 * files of `assembly/ops/` that export them, so that work on one kernel does not wait for another.
 */
export async function loadKernels(build: Build, names: ReadonlySet<string>): Promise<Kernels> {
  if (names.size === 0) return {};
  const built = binariesOf(build, [...names]).map((name) => join(root, `build/ocelli-${name}.wasm`));
  const isNew = Math.min(...built.map(changedAt)) > newestOf(listing(sources, true));
  const files = isNew ? built : [await compile(build, filesThatExport(names))];
  return Object.assign({}, ...(await Promise.all(files.map(instanceOf))));
}

async function instanceOf(file: string): Promise<Kernels> {
  const known = instances.get(file);
  if (known) return known;
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { env: { memory } });
  instances.set(file, instance.exports as Kernels);
  return instance.exports as Kernels;
}

function newestOf(files: string[]): number {
  return Math.max(...files.map((file) => (file.endsWith("index.ts") ? 0 : changedAt(file))));
}

function filesThatExport(names: Iterable<string>): string[] {
  const files = listing(join(sources, "ops"), true).map((file) => ({ file, text: readFileSync(file, "utf8") }));
  const found = [...names].map((name) => {
    const match = files.find(({ text }) => text.includes(`export function ${name}(`));
    if (!match) throw new Error(`no file of assembly/ops exports ${name}`);
    return match.file;
  });
  return [...new Set(found)].sort();
}

async function compile(build: Build, files: string[]): Promise<string> {
  const { options } = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8"));
  const folder = join(root, "build/kernels");
  const stem = files.map((file) => relative(join(sources, "ops"), file).replace(/\.ts$/, "").replaceAll(sep, "-")).join("+");
  const out = join(folder, `${stem}-${build}.wasm`);
  if (changedAt(out) > newestOf([...listing(sources), ...files])) return out;
  mkdirSync(folder, { recursive: true });
  const flags = Object.entries(options).flatMap(([flag, value]) => (value === true ? [`--${flag}`] : [`--${flag}`, String(value)]));
  const enable = build === "relaxed" ? "simd,relaxed-simd" : "simd";
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main([...files, "--config", "none", "-O3", "--enable", enable, "--outFile", "kernels.wasm", ...flags], {
    writeFile: (_, contents) => void (wasm = contents as Uint8Array),
  });
  if (error || !wasm) throw new Error(`${stem} does not compile:\n${stderr.toString()}`);
  writeFileSync(`${out}.${process.pid}`, wasm);
  renameSync(`${out}.${process.pid}`, out);
  return out;
}
