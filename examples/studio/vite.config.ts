import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateRawSync } from "node:zlib";
import { build as bundle } from "esbuild";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
const dist = resolve(root, "../../dist");
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Writes `sw.js`, which knows every file of the page by name, and by their hash when they are others. */
const serviceWorker: Plugin = {
  name: "service worker",
  apply: "build",
  async generateBundle(_, files) {
    const hash = createHash("sha256");
    const names = Object.keys(files).sort();
    for (const name of names) {
      const file = files[name];
      hash.update(name).update(file.type === "chunk" ? file.code : file.source);
    }
    const { outputFiles } = await bundle({
      entryPoints: [join(root, "src/offline/service-worker.ts")],
      bundle: true,
      format: "iife",
      target: "es2022",
      minify: true,
      write: false,
      define: {
        FILES: JSON.stringify(["./", "icon.svg", "studio.webmanifest", ...names.filter((name) => name !== "index.html")]),
        VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)),
      },
    });
    this.emitFile({ type: "asset", fileName: "sw.js", source: outputFiles[0].text });
  },
};

/**
 * Parts of the package that no page with workers reaches, or that this one does not: Node's, the hub (models come from files here), readers of
 * other programs' files, distillation, quantising, several views of an image, and kernels of other builds than `simd`, in which it does everything so that scores are the same
 * wherever the model goes.
 */
const unreached =
  /\/chunks\/((cache|file|folder|host|list-folder|tar-shards|turbo)-node|turbo|wasm-turbo|wasm-relaxed(-[a-z]+)?|hub|cache-store|quantized|answers|answers-node|test-time|graph-page-source|worker-tasks|bench-runtimes|teacher|decode|bmp|gif|jpeg|png|tiff|webp|wasm-simd-quantized|read-foreign|load-foreign|imported|tfjs|tflite|archive|calibrate|test-[a-z]+net|test-mambaout)-[A-Z0-9]{8}\.js$|\/dist\/augmentations\.js$/;

const leaveOut: Plugin = {
  name: "leave out",
  enforce: "pre",
  apply: "build",
  load: (id) =>
    id.startsWith(dist) && unreached.test(id)
      ? { code: 'throw new Error("This page does not have the part of Ocelli that this needs.");', syntheticNamedExports: true }
      : undefined,
};

/** Wasm in base64, and scripts of workers and of pages, as the package carries them: each a module with one text. */
const texts = /\/chunks\/((wasm|codec)-[a-z-]+|[a-z-]+-source)-[A-Z0-9]{8}\.js$/;

const textModule = "virtual:text-at";
const textSource = `const kept = new Map();
/** A module of one text. */
export async function textAt(name, url) {
  if (!kept.has(url)) {
    const response = await fetch(url).catch(() => undefined);
    if (!response?.ok) throw new Error("A part of the studio could not be fetched. Try again when there is a network.");
    kept.set(url, await new Response(response.body.pipeThrough(new DecompressionStream("deflate-raw"))).text());
  }
  return { [name]: kept.get(url) };
}`;

/**
 * Keeps such texts as deflated files, which take a third less of a disk, or two. They are fetched where their modules would be imported: a module
 * that did not come is not asked for again.
 */
const deflated: Plugin = {
  name: "deflated texts",
  enforce: "pre",
  apply: "build",
  resolveId: (id) => (id === textModule ? id : undefined),
  load: (id) => (id === textModule ? textSource : undefined),
  async transform(code, id) {
    if (!id.startsWith(dist)) return undefined;
    let changed = code;
    for (const [imported, path] of code.matchAll(/\bimport\("(\.{1,2}\/[^"]+)"\)/g)) {
      const module = join(dirname(id), path);
      if (!texts.test(module) || unreached.test(module)) continue;
      const [[name, text], ...others] = Object.entries<unknown>(await import(pathToFileURL(module).href));
      if (typeof text !== "string" || others.length > 0) continue;
      const file = this.emitFile({ type: "asset", name: `${name}.deflated`, source: deflateRawSync(text, { level: 9 }) });
      changed = changed.replaceAll(imported, () => `textAt("${name}", import.meta.ROLLUP_FILE_URL_${file})`);
    }
    return changed === code ? undefined : { code: `import { textAt } from "${textModule}";\n${changed}`, map: null };
  },
};

/** Whose work is in it besides: the page may be served without the package. */
const notices: Plugin = {
  name: "notices",
  apply: "build",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "NOTICE.md", source: readFileSync(join(root, "../../NOTICE.md")) });
  },
};

export default defineConfig({
  root,
  base: "./",
  // What a user of the package imports, and nothing else.
  resolve: {
    alias: [
      { find: /^ocelli$/, replacement: join(dist, "index.js") },
      { find: /^ocelli\/(storage|vision)$/, replacement: join(dist, "$1/index.js") },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  plugins: [leaveOut, deflated, serviceWorker, notices],
  build: { outDir: join(dist, "studio"), emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1000, modulePreload: false },
  server: { headers },
  preview: { headers },
});
