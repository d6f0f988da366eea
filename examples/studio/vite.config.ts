import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
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
  /\/chunks\/((cache|file|folder|host|list-folder|tar-shards|turbo)-node|turbo|wasm-turbo|wasm-relaxed(-[a-z]+)?|hub|cache-store|quantized|answers|answers-node|test-time|graph-page-source|worker-tasks|bench-runtimes|teacher|tiff|wasm-simd-quantized|read-foreign|load-foreign|imported|tfjs|tflite|archive|calibrate|test-[a-z]+net|test-mambaout)-[A-Z0-9]{8}\.js$|\/dist\/augmentations\.js$/;

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

/** Keeps such texts as deflated files, which take a third less of a disk, or two. */
const deflated: Plugin = {
  name: "deflated texts",
  enforce: "pre",
  apply: "build",
  async load(id) {
    if (!id.startsWith(dist) || !texts.test(id)) return undefined;
    const [[name, text], ...others] = Object.entries<unknown>(await import(pathToFileURL(id).href));
    if (typeof text !== "string" || others.length > 0) return undefined;
    const file = this.emitFile({ type: "asset", name: `${name}.deflated`, source: deflateRawSync(text, { level: 9 }) });
    return `const { body } = await fetch(import.meta.ROLLUP_FILE_URL_${file});
export const ${name} = await new Response(body.pipeThrough(new DecompressionStream("deflate-raw"))).text();`;
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
