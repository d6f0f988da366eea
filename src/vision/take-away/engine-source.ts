/**
 * The engine as texts for a page of its own: scripts, and Wasm deflated in base64, as they lie in `src/generated/`. The page's script finds
 * each under its file's name (`bundlePage` of `scripts/build.ts`), so that what a site has anyway is not there a second time.
 */
const always = {
  "worker-source": async () => (await import("../../generated/worker-source.js")).workerSource,
  "tasks-source": async () => (await import("../../generated/tasks-source.js")).tasksSource,
  "decoders-source": async () => (await import("../../generated/decoders-source.js")).decodersSource,
  "codec-jpeg": async () => (await import("../../generated/codec-jpeg.js")).wasm,
  "codec-webp": async () => (await import("../../generated/codec-webp.js")).wasm,
  "wasm-simd": async () => (await import("../../generated/wasm-simd.js")).wasm,
  "wasm-simd-attention": async () => (await import("../../generated/wasm-simd-attention.js")).wasm,
  "wasm-simd-general": async () => (await import("../../generated/wasm-simd-general.js")).wasm,
};

const quantized = { "wasm-simd-quantized": async () => (await import("../../generated/wasm-simd-quantized.js")).wasm };

export interface Engine {
  /** What starts the page. */
  readonly script: string;
  /** What the script finds in the page, by the `id` of its element. */
  readonly pieces: ReadonlyMap<string, string>;
}

/** What a page needs for a model of the zoo, or for one that came from another program as a graph; floats or int8. */
export async function engineFor(model: { readonly isGraph: boolean; readonly isQuantized: boolean }): Promise<Engine> {
  const loads = Object.entries({ ...always, ...(model.isQuantized && quantized) });
  const [script, ...texts] = await Promise.all([
    model.isGraph
      ? import("../../generated/graph-page-source.js").then((source) => source.graphPageSource)
      : import("../../generated/page-source.js").then((source) => source.pageSource),
    ...loads.map(([, load]) => load()),
  ]);
  return { script, pieces: new Map(loads.map(([name], i) => [name, texts[i]])) };
}
