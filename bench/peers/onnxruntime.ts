import { readFile } from "node:fs/promises";
import { load, versionOf } from "./load.js";
import { modelFile } from "./network.js";
import { channelsFirst, images, type Job, runtime, type Side, timed } from "../job.js";

/** What is used of onnxruntime-common, which both packages export. */
export interface Onnxruntime {
  readonly env: { readonly wasm: { numThreads: number; wasmBinary: Uint8Array } };
  readonly Tensor: new (type: "float32" | "int64", data: Float32Array | BigInt64Array, shape: readonly number[]) => object;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(inputs: object): Promise<Record<string, { data: Float32Array }>>; release(): Promise<void> }>;
  };
}

async function onnxruntime(name: "onnxruntime-web" | "onnxruntime-node", job: Job, build: string, options: object): Promise<Side> {
  const { env, Tensor, InferenceSession } = await load<Onnxruntime>(name);
  if (name === "onnxruntime-web") env.wasm.numThreads = job.threads;
  const session = await InferenceSession.create(await readFile(modelFile(`${job.model}.onnx`)), { ...options, graphOptimizationLevel: "all" });
  const x = new Tensor("float32", channelsFirst(images(job), job), [job.batch, 3, job.size, job.size]);
  const run = async () => (await session.run({ x })).logits.data;
  return {
    engine: `${name} ${versionOf(name)}`,
    build,
    runtime,
    outputs: async () => [Float32Array.from(await run())],
    run: (count) => timed(count, run),
    close: () => session.release(),
  };
}

export const onnxruntimeWeb = (job: Job) => onnxruntime("onnxruntime-web", job, "wasm", { executionProviders: ["wasm"] });

export const onnxruntimeNode = (job: Job) =>
  onnxruntime("onnxruntime-node", job, "native", { executionProviders: ["cpu"], intraOpNumThreads: job.threads, interOpNumThreads: 1 });
