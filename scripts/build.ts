/**
 * Builds the package: kernels, embedded modules, worker bundles and `dist/`. `npm run build` does all of it; with
 * `--wasm` (`npm run build:wasm`) all but `dist/`, which is enough for tests that import the sources.
 * A step is skipped while a hash of what it reads is unchanged (`steps.ts`), and writes by rename, so builds may overlap.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { build as bundle, type Plugin } from "esbuild";
import { codecs, embedCodecs } from "./embed-codecs.js";
import { writeLists } from "./generate.js";
import { compileKernels, runTool, stringModule } from "./kernels.js";
import { installed, leanOps, makeStaticEntries } from "./static-entries.js";
import { binaries, filesIn, root, step, wasmFile, write } from "./steps.js";

/** A worker's tasks are given binaries, kernels, decoders and augmentations (src/runtime/modules.ts), so the imports of the package's own are never reached there. */
const withoutOwnModules: Plugin = {
  name: "without own modules",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/(binaries|instance|decode|worker-augmentations)\.js$/ }, ({ path, kind }) =>
      kind === "dynamic-import" || path.endsWith("/binaries.js") ? { path, external: true, sideEffects: false } : undefined,
    ),
};

const withLeanOps: Plugin = {
  name: "lean ops",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/\\]src[/\\]ops[/\\].*\.ts$/ }, ({ path }) => ({
      contents: leanOps(readFileSync(path, "utf8")),
      loader: "ts",
    })),
};

/** What whatever uses a model needs. */
const base = [
  ...["model/model", "model/top-k-accuracy", "zoo/assemble", "zoo/checkpoint", "zoo/model-file", "zoo/registry", "zoo/saved", "zoo/weights", "hub/env"],
  ...["formats/safetensors/index", "data/prepare", "ops/add", "ops/combine", "ops/fill", "ops/map", "ops/mean", "ops/select"],
];

/**
 * Keeps `base`, with all that it imports, one file. esbuild makes a file for every set of entries that share something, and what is imported
 * dynamically is an entry too: without, what the index and any of a hundred entries share is sixty files, and each costs an engine 0.4 ms.
 * So every entry is said to import all of it, which is there already when the entry is asked for; a bundler drops what is not used. But not
 * stores and what they need: they are for workers too that want nothing else, and a bundler keeps all of a file that does something when loaded.
 */
const withBase: Plugin = {
  name: "with base",
  setup({ onLoad, onResolve }) {
    const ofImport = (file: string, [, path]: RegExpExecArray) => resolve(dirname(file), `${path}.ts`);
    const dynamic = filesIn("src").flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\bimport\("(\.[^"]+)\.js"\)/g)].map((found) => ofImport(file, found)),
    );
    const chosen = new Set([...dynamic, ...[...entries, ...features].map((name) => join(root, `src/${name}.ts`))]);
    // Without workers the caller imports the workers' own file: modules that it shared with a page's would come along with the page.
    onResolve({ filter: /worker-augmentations\.js$/ }, ({ kind }) => (kind === "dynamic-import" ? { path: "../augmentations.js", external: true } : undefined));
    // The package has no side effects, so that an import of nothing would be dropped, but not one of something that is not used.
    onResolve({ filter: /^with base$/ }, ({ path }) => ({ path, namespace: path, sideEffects: true }));
    onLoad({ filter: /./, namespace: "with base" }, () => ({
      contents: base.map((name, i) => `export * as base${i} from "./src/${name}.js";`).join("\n"),
      resolveDir: root,
    }));
    onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, ({ path }) =>
      chosen.has(path) && !/[/\\](core|generated|ops|storage)[/\\]/.test(path)
        ? { contents: `${readFileSync(path, "utf8")}\nimport "with base";\n`, loader: "ts" }
        : undefined,
    );
  },
};

const entries = ["index", "onnx", "tfjs", "tflite", "formats/safetensors/index", "storage/index", "vision/index", "cli/main"];
/** What `ocelli bench --runtimes` runs elsewhere than in the command line. */
const jobs = ["cli/bench-runtimes/same-bits", "cli/bench-runtimes/speed"];
/**
 * What some pages have and others do not, in files of its own: a bundler leaves out of a page what it does not call, but what any page of
 * a site calls it leaves in the file that it found it in.
 */
const features = [
  "train/fine-tune",
  "train/trainer",
  "train/recipe",
  "train/lr-find",
  "data/transforms/index",
  "data/image-cache",
  "zoo/load-model",
  "zoo/create-model",
  "model/quantize",
  "vision/report",
];

/** What a page with one model in a safetensors file never asks for, besides the kernels of other builds. */
const absentFromPage =
  /-node\.js$|\/hub\/|\/(wasm-(turbo|relaxed|relaxed-\w+|simd-(training|augment))|turbo|augmentations-source|worker-augmentations|save|save-onnx|archive|replace-head|evaluate|metrics|imagenet-classes|read-foreign|load-foreign|calibrate|csv-parse)(\/index)?\.js$|formats\/(tfjs|tflite)\//;
/** What reads a graph that came from another program. */
const graphReader = /\/imported\/index\.js$/;

process.chdir(root);
mkdirSync("build", { recursive: true });
writeLists();
await step("kernels", () => Promise.all(binaries.map(compileKernels)));
embedCodecs();
await step("worker", () => bundleWorker("src/runtime/worker.ts", "worker"));
await step("tasks", () => bundleWorker("src/data/worker-tasks.ts", "tasks"));
await step("decoders", () => bundleWorker("src/data/worker-decoders.ts", "decoders"));
await step("augmentations", () => bundleWorker("src/data/worker-augmentations.ts", "augmentations"));
await step("whole-worker", async () => write("build/whole-worker.js", (await bundledWorker("src/data/whole-worker.ts")).text));
await step("page", bundlePages);
if (!process.argv.includes("--wasm")) {
  await step("dist", makeDist);
  await step("studio", buildStudio);
}

/** A network's weights as a module whose default export is the file's bytes, for engines and bundles that reach no files. */
function embedWeights(name: string, folder: string): void {
  const file = `models/${name}/model.safetensors`;
  const text = `atob("${readFileSync(file).toString("base64")}")`;
  const module = `// Generated by scripts/build.ts from ${file}. Do not edit.\nexport default Uint8Array.from(${text}, (letter) => letter.charCodeAt(0));\n`;
  write(`${folder}/${name}.js`, module);
  write(`${folder}/${name}.d.ts`, "declare const weights: Uint8Array<ArrayBuffer>;\nexport default weights;\n");
}

/**
 * Bundles what a worker starts from or imports into `build/<name>.js`, and into `src/generated/<name>-source.ts` as a string, so that it
 * can start from a Blob URL.
 */
async function bundleWorker(entry: string, name: string): Promise<void> {
  const { text, inputs } = await bundledWorker(entry);
  const itself = `src/generated/${name}-source.ts`;
  if (itself in inputs) throw new Error(`${entry} imports ${itself}, its own bundle`);
  write(`build/${name}.js`, text);
  write(itself, stringModule(entry, `${name}Source`, text));
}

/** A worker's file as a self-contained ES module. `node:` modules may be imported dynamically only: a browser loads the same module. */
async function bundledWorker(entry: string): Promise<{ text: string; inputs: object }> {
  const { outputFiles, metafile } = await bundle({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    external: ["node:*"],
    plugins: [withoutOwnModules],
    minify: true,
    legalComments: "inline",
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const [output] = Object.values(metafile.outputs);
  const fixed = output.imports.filter(({ kind }) => kind !== "dynamic-import").map(({ path }) => path);
  if (fixed.length > 0) throw new Error(`${entry} is not self-contained: it imports ${fixed.join(", ")}`);
  return { text: outputFiles[0].text, inputs: output.inputs };
}

/**
 * Bundles what starts a page that `exportPage` makes: one script that loads nothing, once for networks of the zoo, and once for those of
 * other programs. It finds Wasm and workers' scripts in the page, where `src/vision/take-away/engine-source.ts` puts them.
 */
async function bundlePages(): Promise<void> {
  await bundlePage("page", new RegExp(`${absentFromPage.source}|${graphReader.source}`));
  await bundlePage("graph-page", absentFromPage);
}

async function bundlePage(name: "page" | "graph-page", absent: RegExp): Promise<void> {
  const withoutRest: Plugin = {
    name: "without the rest",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: absent }, ({ path, kind }) => (kind === "dynamic-import" ? { path, namespace: "absent" } : undefined));
      onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: 'throw new Error("this page has no more than it needs")', loader: "js" }));
      onLoad({ filter: /[/\\]src[/\\]generated[/\\].*\.ts$/ }, ({ path }) => {
        const [, exported] = /^export const (\w+): string/m.exec(readFileSync(path, "utf8")) as RegExpExecArray;
        return { contents: `export const ${exported} = document.getElementById("${basename(path, ".ts")}").textContent;` };
      });
    },
  };
  const { outputFiles } = await bundle({
    entryPoints: ["src/vision/take-away/page-app.ts"],
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    external: ["node:*"],
    plugins: [withLeanOps, withoutRest],
    minify: true,
    legalComments: "inline",
    write: false,
    logLevel: "error",
  });
  write(`build/${name}.js`, outputFiles[0].text);
  const exported = name === "page" ? "pageSource" : "graphPageSource";
  write(`src/generated/${name}-source.ts`, stringModule("src/vision/take-away/page-app.ts", exported, outputFiles[0].text));
}

/**
 * `dist/`: modules in few files, because each file costs an engine 0.4 ms and there are hundreds; declarations one for one by
 * `tsc`; the workers and the Wasm files beside them. What is imported dynamically is a file of its own.
 */
async function makeDist(): Promise<void> {
  const fresh = `build/dist.${process.pid}`;
  try {
    await runTool("typescript/bin/tsc", ["-p", "tsconfig.build.json", "--outDir", fresh, "--emitDeclarationOnly"]);
    await bundle({
      entryPoints: [...entries, ...features, ...jobs].map((name) => `src/${name}.ts`),
      outdir: fresh,
      bundle: true,
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      format: "esm",
      target: "es2022",
      platform: "neutral",
      mainFields: ["module", "main"],
      external: ["node:*", "ocelli", ...installed],
      legalComments: "inline",
      plugins: [withLeanOps, withBase],
      logLevel: "error",
    });
    cpSync("build/whole-worker.js", `${fresh}/worker.js`);
    cpSync("build/augmentations.js", `${fresh}/augmentations.js`);
    for (const { name } of binaries) cpSync(wasmFile(name), `${fresh}/wasm/ocelli-${name}.wasm`);
    for (const [name, file] of Object.entries(codecs)) cpSync(file, `${fresh}/wasm/ocelli-${name}.wasm`);
    embedWeights("ocelli-s", `${fresh}/models`);
    const compiled = [...binaries.map(({ name }) => name).filter((name) => name !== "turbo"), ...Object.keys(codecs)];
    const ofStatic = { index: "index", onnx: "onnx", tfjs: "tfjs", tflite: "tflite", safetensors: "formats/safetensors/index", vision: "vision/index" };
    await makeStaticEntries(`${fresh}/static`, ofStatic, compiled);
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

/** `dist/studio`: the page of `examples/studio`, of what `dist/` exports. */
async function buildStudio(): Promise<void> {
  const { build } = await import("vite");
  const fresh = join(root, `build/studio.${process.pid}`);
  try {
    await build({ configFile: join(root, "examples/studio/vite.config.ts"), logLevel: "error", build: { outDir: fresh } });
    rmSync("dist/studio", { recursive: true, force: true });
    renameSync(fresh, "dist/studio");
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
