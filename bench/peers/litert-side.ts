import { images, type Job, runtime, type Side, timed } from "../job.js";

interface Tensor {
  data(): Promise<Float32Array>;
  delete(): void;
}

/** What is used of @litertjs/core. */
export interface Litert {
  readonly Tensor: new (data: Float32Array, shape: readonly number[]) => Tensor;
  loadLiteRt(path: string, options: { threads: boolean }): Promise<void>;
  loadAndCompile(model: Uint8Array, options: object): Promise<{ run(x: Tensor): Promise<Tensor[]>; delete(): void }>;
  supportsFeature(feature: "relaxedSimd"): Promise<boolean>;
}

/** Float32 through XNNPACK. `scripts` is where its Wasm lies; with one thread it works in the caller's. */
export async function litertSide(
  { Tensor, loadLiteRt, loadAndCompile, supportsFeature }: Litert,
  { scripts, version, file }: { scripts: string; version: string; file: Uint8Array },
  job: Job,
): Promise<Side> {
  if (job.batch !== 1) throw new Error("its TFLite file is of batch 1");
  await loadLiteRt(scripts, { threads: job.threads > 1 });
  const options = job.threads > 1 ? { accelerator: "wasm", cpuOptions: { numThreads: job.threads } } : { accelerator: "wasm" };
  const model = await loadAndCompile(file, options);
  const data = images(job);
  const run = async () => {
    const x = new Tensor(data, [1, job.size, job.size, 3]);
    const [y] = await model.run(x);
    const logits = await y.data();
    x.delete();
    y.delete();
    return logits;
  };
  return {
    engine: `@litertjs/core ${version}`,
    build: (await supportsFeature("relaxedSimd")) ? "relaxed" : "compat",
    runtime,
    outputs: async () => [Float32Array.from(await run())],
    run: (count) => timed(count, run),
    close: () => model.delete(),
  };
}
