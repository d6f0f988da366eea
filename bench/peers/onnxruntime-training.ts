import { readFile } from "node:fs/promises";
import { openSafetensors } from "../../src/formats/safetensors/index.js";
import { packageFolder, versionOf } from "./load.js";
import { modelFile } from "./network.js";
import type { Onnxruntime } from "./onnxruntime.js";
import { channelsFirst, channelsOf, comparedSteps, images, type Job, labels, learningRate, momentum, runtime, type Side, timed, weightsOf } from "../job.js";

const name = "onnxruntime-web-training";

/** onnxruntime-web 1.19.2's training binary on a step that `make-training.py` wrote: weights go in and out of each run as plain arrays. */
export async function onnxruntimeTraining(job: Job): Promise<Side> {
  const { model, size, batch } = job;
  if (job.threads > 1) throw new Error("its training binary starts threads from a fetched script, which Node cannot");
  const folder = `${packageFolder(name)}/dist`;
  // The package's name for this entry is closed to Node, and so is fetching its Wasm from a file.
  const { env, Tensor, InferenceSession } = (await import(`${folder}/ort.training.wasm.mjs`)) as Onnxruntime;
  env.wasm.numThreads = job.threads;
  env.wasm.wasmBinary = await readFile(`${folder}/ort-training-wasm-simd-threaded.wasm`);
  const create = async (file: string) => InferenceSession.create(await readFile(modelFile(file)), { executionProviders: ["wasm"] });

  const tensor = (data: Float32Array, shape: readonly number[]) => new Tensor("float32", data, shape);
  const x = tensor(channelsFirst(images(job), job), [batch, channelsOf(model), size, size]);
  const evaluation = await create(`train-${model}-${size}.eval.onnx`);
  const logits = Float32Array.from((await evaluation.run({ x })).logits.data);
  await evaluation.release();

  const step = await create(`train-${model}-${size}.onnx`);
  const fixed = {
    x,
    labels: new Tensor("int64", BigInt64Array.from(labels(job), BigInt), [batch]),
    rate: tensor(Float32Array.of(learningRate), []),
    momentum: tensor(Float32Array.of(momentum), []),
  };
  const file = await openSafetensors(modelFile(weightsOf(job)));
  let state: Record<string, object> = {};
  for (const [key, { shape }] of file.tensors) {
    const data = await file.readFloat32(key);
    state[key] = tensor(data, shape);
    if (!key.includes(".running_")) state[`momentum.${key}`] = tensor(new Float32Array(data.length), shape);
  }
  await file.close();
  const run = async () => {
    const outputs = await step.run({ ...fixed, ...state });
    state = Object.fromEntries(Object.keys(state).map((key) => [key, outputs[`${key}.next`]]));
    return outputs.loss.data[0];
  };
  return {
    engine: `onnxruntime-web ${versionOf(name)} training`,
    build: "wasm",
    runtime,
    async outputs() {
      const losses: number[] = [];
      for (let i = 0; i < comparedSteps; i++) losses.push(await run());
      return model === "small_cnn" ? [logits] : [logits, Float32Array.from(losses)];
    },
    run: (count) => timed(count, run),
    close: () => step.release(),
  };
}
