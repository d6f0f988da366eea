import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
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
 * other programs' files, distillation, and kernels of other builds than `simd`, in which it does everything so that scores are the same
 * wherever the model goes.
 */
const unreached =
  /\/chunks\/((cache|file|folder|host|list-folder|tar-shards|turbo)-node|turbo|wasm-turbo|wasm-relaxed(-[a-z]+)?|hub|cache-store|worker-tasks|bench-runtimes|teacher|tiff|wasm-simd-quantized|read-foreign|load-foreign|imported|tfjs|tflite|archive|calibrate|test-[a-z]+net|test-mambaout)-[A-Z0-9]{8}\.js$|\/dist\/augmentations\.js$/;

const leaveOut: Plugin = {
  name: "leave out",
  enforce: "pre",
  apply: "build",
  load: (id) =>
    id.startsWith(dist) && unreached.test(id)
      ? { code: 'throw new Error("This page does not have the part of Ocelli that this needs.");', syntheticNamedExports: true }
      : undefined,
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
  plugins: [leaveOut, serviceWorker],
  build: { outDir: join(dist, "studio"), emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1000, modulePreload: false },
  server: { headers },
  preview: { headers },
});
