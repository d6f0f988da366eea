/**
 * Builds the package: kernels, embedded modules, worker bundles and `dist/`. `npm run build` does all of it; with
 * `--wasm` (`npm run build:wasm`) only kernels and codecs, which is enough for tests that run inline.
 * A step is skipped while a hash of what it reads is unchanged, and writes by rename, so builds may overlap.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build as bundle, type Plugin } from "esbuild";
import { packed } from "./embed.js";
import { embedCodecs } from "./embed-codecs.js";
import { writeLists } from "./generate.js";

const root = resolve(import.meta.dirname, "..");
const require = createRequire(import.meta.url);
const variants = ["simd", "relaxed", "turbo"] as const;

/** A worker is given compiled modules (src/runtime/modules.ts), so the import of the package's own is never reached there. */
const withoutBinaries: Plugin = {
  name: "without binaries",
  setup: ({ onResolve }) => onResolve({ filter: /\/binaries\.js$/ }, ({ path }) => ({ path, external: true, sideEffects: false })),
};

/** Says of every op's definition that it has no side effects, so that a page's bundler leaves out the ops that nothing uses. */
const pureOps: Plugin = {
  name: "pure ops",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/\\]src[/\\]ops[/\\].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(/= defineOp\b/g, "= /* @__PURE__ */ defineOp"),
      loader: "ts",
    })),
};

process.chdir(root);
mkdirSync("build", { recursive: true });
writeLists();
await step(
  "kernels",
  { reads: ["assembly", "asconfig.json"], packages: ["assemblyscript"], writes: variants.flatMap((name) => [wasmFile(name), embeddedFile(name)]) },
  () => Promise.all(variants.map(compileKernels)),
);
embedCodecs();
if (!process.argv.includes("--wasm")) {
  await step("worker", bundleOf("worker", ["esbuild"]), () => bundleWorker("src/runtime/worker.ts", "worker"));
  await step("tasks", bundleOf("tasks", ["esbuild", "fflate"]), () => bundleWorker("src/data/worker-tasks.ts", "tasks"));
  await step("dist", { reads: ["src", "tsconfig.json", "tsconfig.build.json"], packages: ["typescript"], writes: ["dist"] }, makeDist);
}

function bundleOf(name: string, packages: readonly string[]): StepInputs {
  return { reads: filesIn("src").filter((file) => !file.endsWith("-source.ts")), packages, writes: [`build/${name}.js`, `src/generated/${name}-source.ts`] };
}

interface StepInputs {
  /** Files and folders that decide the result. */
  reads: readonly string[];
  /** npm packages whose versions decide the result. */
  packages: readonly string[];
  /** Files or folders that must exist for the step to be skipped. */
  writes: readonly string[];
}

/** Runs `make` unless what it reads is the same as at its last success. */
async function step(name: string, { reads, packages, writes }: StepInputs, make: () => Promise<unknown>): Promise<void> {
  const hash = createHash("sha256").update(process.version);
  for (const file of ["scripts/build.ts", ...reads.flatMap(filesIn)]) hash.update(file).update("\0").update(readFileSync(file)).update("\0");
  for (const dependency of packages) hash.update(`${dependency}@${JSON.parse(readFileSync(`node_modules/${dependency}/package.json`, "utf8")).version}\0`);
  const key = hash.digest("hex");
  const stamp = `build/${name}.hash`;
  if (writes.every((file) => existsSync(file)) && existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  const start = performance.now();
  await make();
  write(stamp, key);
  console.log(`build: ${name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}

/** Writes by rename, and only where the content differs, so that nobody sees half a file. */
function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

/** Runs a package's command-line script with this Node. Where it fails, what it said is all there is to say. */
function runTool(script: string, args: readonly string[]): Promise<void> {
  return new Promise((done) => {
    execFile(process.execPath, [require.resolve(script), ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (!error) return done();
      console.error(`${script} failed\n${stdout}${stderr}`);
      process.exit(1);
    });
  });
}

function wasmFile(variant: string): string {
  return `build/ocelli-${variant}.wasm`;
}

function embeddedFile(variant: string): string {
  return `src/generated/wasm-${variant}.ts`;
}

/** AssemblyScript to `build/ocelli-<variant>.wasm`, and that file as a packed module that a dynamic import reaches. */
async function compileKernels(variant: string): Promise<void> {
  const temporary = `build/${variant}.${process.pid}.wasm`;
  await runTool("assemblyscript/bin/asc.js", ["--target", variant, "--outFile", temporary]);
  renameSync(temporary, wasmFile(variant));
  write(embeddedFile(variant), stringModule("assembly/", "wasm", packed(readFileSync(wasmFile(variant)))));
}

function stringModule(source: string, name: string, text: string): string {
  return `// Generated by scripts/build.ts from ${source}. Do not edit.\nexport const ${name}: string = ${JSON.stringify(text)};\n`;
}

/**
 * Bundles one worker entry into a self-contained ES module, `build/<name>.js`, and into
 * `src/generated/<name>-source.ts` as a string, so that it can start from a Blob URL. `node:` modules may be
 * imported dynamically only: a browser loads the same module.
 */
async function bundleWorker(entry: string, name: string): Promise<void> {
  const { outputFiles, metafile } = await bundle({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    external: ["node:*"],
    plugins: [withoutBinaries],
    minify: true,
    legalComments: "inline",
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const [output] = Object.values(metafile.outputs);
  const fixed = output.imports.filter(({ kind }) => kind !== "dynamic-import").map(({ path }) => path);
  if (fixed.length > 0) throw new Error(`${entry} is not self-contained: it imports ${fixed.join(", ")}`);
  const itself = `src/generated/${name}-source.ts`;
  if (itself in output.inputs) throw new Error(`${entry} imports ${itself}, its own bundle`);
  write(`build/${name}.js`, outputFiles[0].text);
  write(itself, stringModule(entry, `${name}Source`, outputFiles[0].text));
}

/**
 * `dist/`: modules in few files, because each file costs an engine 0.15 ms and there are two hundred; declarations one for one by
 * `tsc`; the workers and the Wasm files beside them. What is imported dynamically is a file of its own.
 */
async function makeDist(): Promise<void> {
  const fresh = `build/dist.${process.pid}`;
  try {
    await runTool("typescript/bin/tsc", ["-p", "tsconfig.build.json", "--outDir", fresh, "--emitDeclarationOnly"]);
    await bundle({
      entryPoints: ["src/index.ts", "src/formats/safetensors/index.ts", "src/cli/main.ts"],
      outdir: fresh,
      bundle: true,
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      format: "esm",
      target: "es2022",
      platform: "neutral",
      packages: "external",
      external: ["node:*"],
      legalComments: "inline",
      plugins: [pureOps],
      logLevel: "error",
    });
    for (const name of ["worker", "tasks"]) cpSync(`build/${name}.js`, `${fresh}/${name}.js`);
    for (const variant of variants) cpSync(wasmFile(variant), `${fresh}/wasm/ocelli-${variant}.wasm`);
    const command = `${fresh}/cli/main.js`;
    if (!readFileSync(command, "utf8").startsWith("#!/usr/bin/env node\n"))
      throw new Error("src/cli/main.ts: expected `#!/usr/bin/env node` as its first line");
    chmodSync(command, 0o755);
    if (existsSync("dist")) renameSync("dist", `${fresh}.old`);
    renameSync(fresh, "dist");
  } finally {
    for (const folder of [fresh, `${fresh}.old`]) rmSync(folder, { recursive: true, force: true });
  }
}
