/** The steps of the build: what decides the result of each, and whether what lies there is of the sources as they are now. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");
const variants = ["simd", "relaxed", "turbo"];
/** Folders of `assembly/ops/`: kernels that most programs do without, in binaries of their own. */
export const parts = readdirSync(join(root, "assembly/ops"), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

/** A memory's first page has the static data of all binaries, each its own piece. */
const staticBytes = 8192;
/** All binaries of kernels. `turbo` shares `relaxed`'s parts. */
export const binaries = [
  ...variants.map((variant) => ({ name: variant, variant, entry: "assembly/index.ts", base: 1024 })),
  ...parts.flatMap((part, i) =>
    ["simd", "relaxed"].map((variant) => ({ name: `${variant}-${part}`, variant, entry: `assembly/${part}.ts`, base: (i + 1) * staticBytes })),
  ),
];

export const wasmFile = (name: string) => `build/ocelli-${name}.wasm`;
export const embeddedFile = (name: string) => `src/generated/wasm-${name}.ts`;

interface Step {
  /** Files and folders that decide the result. */
  readonly reads: () => readonly string[];
  /** npm packages whose versions decide the result. */
  readonly packages: readonly string[];
  /** Files or folders that must exist for the step to be skipped. */
  readonly writes: readonly string[];
}

const bundleOf = (name: string, packages: readonly string[]): Step => ({
  reads: () => ["scripts/build.ts", ...filesIn("src").filter((file) => !file.endsWith("-source.ts"))],
  packages,
  writes: [`build/${name}.js`, `src/generated/${name}-source.ts`],
});

/** Packages whose code is in `dist/`. */
const bundled = ["@assemblyscript/loader", "@bufbuild/protobuf", "csv-parse", "fflate", "onnx-buf"];

const steps = {
  kernels: {
    reads: () => ["scripts/kernels.ts", "scripts/embed.ts", "assembly", "asconfig.json"],
    packages: ["assemblyscript"],
    writes: binaries.flatMap(({ name }) => [wasmFile(name), embeddedFile(name)]),
  },
  worker: bundleOf("worker", ["esbuild"]),
  tasks: bundleOf("tasks", ["esbuild"]),
  decoders: bundleOf("decoders", ["esbuild", "fflate"]),
  augmentations: bundleOf("augmentations", ["esbuild"]),
  "whole-worker": { ...bundleOf("whole-worker", ["esbuild", "fflate"]), writes: ["build/whole-worker.js"] },
  page: {
    ...bundleOf("page", ["esbuild", "fflate"]),
    writes: ["page", "graph-page"].flatMap((name) => [`build/${name}.js`, `src/generated/${name}-source.ts`]),
  },
  studio: {
    reads: () => ["scripts/build.ts", "examples/studio", "src"],
    packages: ["vite", "preact", "@preact/signals", "uplot", "fflate"],
    writes: ["dist/studio"],
  },
  dist: {
    reads: () => ["scripts/build.ts", "scripts/static-entries.ts", "src", "models/ocelli-s/model.safetensors", "tsconfig.json", "tsconfig.build.json"],
    packages: ["typescript", "esbuild", ...bundled],
    writes: ["dist"],
  },
} satisfies Record<string, Step>;

export type StepName = keyof typeof steps;

/** Runs `make` unless what the step reads is the same as at its last success. */
export async function step(name: StepName, make: () => Promise<unknown>): Promise<void> {
  const key = keyOf(name);
  if (isFresh(name, key)) return;
  const start = performance.now();
  await make();
  write(stampOf(name), key);
  console.log(`build: ${name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/**
 * For tests and benchmarks, which would else run kernels of other sources than those beside them: wrong numbers with no hint why.
 *
 * @throws {Error} where a step would have to be done again, saying by which command
 */
export function requireFresh(...names: StepName[]): void {
  const stale = names.filter((name) => !isFresh(name));
  const command = stale.every((name) => name === "kernels") ? "npm run build:wasm" : "npm run build";
  if (stale.length > 0) throw new Error(`what the build made is not of the present sources (${stale.join(", ")}); run ${command}`);
}

function isFresh(name: StepName, key: string = keyOf(name)): boolean {
  const stamp = stampOf(name);
  return steps[name].writes.every((file) => existsSync(join(root, file))) && existsSync(stamp) && readFileSync(stamp, "utf8") === key;
}

const stampOf = (name: StepName) => join(root, `build/${name}.hash`);

function keyOf(name: StepName): string {
  const { reads, packages } = steps[name];
  const hash = createHash("sha256");
  for (const file of ["scripts/steps.ts", ...reads().flatMap(filesIn)])
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0");
  for (const dependency of packages) {
    const { version } = JSON.parse(readFileSync(join(root, "node_modules", dependency, "package.json"), "utf8"));
    hash.update(`${dependency}@${version}\0`);
  }
  return hash.digest("hex");
}

/** A file, or all files of a folder, by their paths from the root. */
export function filesIn(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(join(root, file)).isFile())
    .sort();
}

/** Writes by rename, and only where the content differs, so that nobody sees half a file. */
export function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}
