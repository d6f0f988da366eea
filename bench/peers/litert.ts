import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { load, packageFolder, versionOf } from "./load.js";
import { modelFile } from "./network.js";
import { images, type Job, runtime, type Side, timed } from "./side.js";

interface Tensor {
  data(): Promise<Float32Array>;
  delete(): void;
}

interface Litert {
  readonly Tensor: new (data: Float32Array, shape: readonly number[]) => Tensor;
  loadLiteRt(path: string, options: { threads: boolean }): Promise<void>;
  loadAndCompile(model: Uint8Array, options: object): Promise<{ run(x: Tensor): Promise<Tensor[]>; delete(): void }>;
  supportsFeature(feature: "relaxedSimd"): Promise<boolean>;
}

/** A copy of the package's scripts that Node takes for CommonJS, which they are: its threads would not start otherwise. */
function scripts(): string {
  const folder = modelFile("litert-wasm");
  if (!existsSync(`${folder}/package.json`)) {
    cpSync(`${packageFolder("@litertjs/core")}/wasm`, folder, { recursive: true });
    writeFileSync(`${folder}/package.json`, '{ "type": "commonjs" }');
  }
  return folder;
}

/** The package loads its Wasm by a script element or `importScripts`; Node has neither. */
function letItLoadScripts(): void {
  const importScripts = (path: string) => {
    const require = createRequire(path);
    const run = new Function("require", "__filename", "__dirname", `${readFileSync(path, "utf8")}\nreturn ModuleFactory;`);
    Object.assign(globalThis, { ModuleFactory: run(require, path, dirname(path)) });
  };
  Object.assign(globalThis, { self: globalThis, importScripts });
}

/** Float32 through XNNPACK. */
export async function litert(job: Job): Promise<Side> {
  if (job.batch !== 1) throw new Error("its TFLite file is of batch 1");
  letItLoadScripts();
  const { Tensor, loadLiteRt, loadAndCompile, supportsFeature } = await load<Litert>("@litertjs/core");
  await loadLiteRt(scripts(), { threads: job.threads > 1 });
  const options = job.threads > 1 ? { accelerator: "wasm", cpuOptions: { numThreads: job.threads } } : { accelerator: "wasm" };
  const model = await loadAndCompile(readFileSync(modelFile(`${job.model}.tflite`)), options);
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
    engine: `@litertjs/core ${versionOf("@litertjs/core")}`,
    build: (await supportsFeature("relaxedSimd")) ? "relaxed" : "compat",
    runtime,
    outputs: async () => [Float32Array.from(await run())],
    run: (count) => timed(count, run),
    close: () => model.delete(),
  };
}
