import { openSafetensors } from "../../src/formats/safetensors/index.js";
import { load, versionOf } from "./load.js";
import { modelFile } from "./network.js";
import { images, type Job, labels, learningRate, momentum, runtime, type Side, timed, weightsOf } from "../job.js";

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What of TensorFlow.js the small CNN and its step need. */
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  tensor(data: Float32Array | Int32Array, shape: readonly number[], dtype?: "int32"): Tensor;
  zerosLike(x: Tensor): Tensor;
  keep(x: Tensor): Tensor;
  tidy<T>(work: () => T): T;
  valueAndGrads(work: (...parameters: Tensor[]) => Tensor): (parameters: Tensor[]) => { value: Tensor; grads: Tensor[] };
  conv2d(x: Tensor, filter: Tensor, stride: number, pad: "valid"): Tensor;
  maxPool(x: Tensor, kernel: number, stride: number, pad: "valid"): Tensor;
  relu(x: Tensor): Tensor;
  dropout(x: Tensor, rate: number): Tensor;
  transpose(x: Tensor, order?: readonly number[]): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  oneHot(labels: Tensor, classes: number): Tensor;
  readonly losses: { softmaxCrossEntropy(targets: Tensor, logits: Tensor): Tensor };
}

const names = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"];

/** The small CNN's step on the cpu backend, the only one of TensorFlow.js without a GPU that has all gradients. More than a minute a step. */
export async function tfjsTraining(job: Job): Promise<Side> {
  if (job.model !== "small_cnn") throw new Error("the small CNN alone is written for it: a step of it takes more than a minute, the others' many");
  const tf = await load<Tfjs>("@tensorflow/tfjs"); // the core alone has no gradients
  await tf.setBackend("cpu");

  const file = await openSafetensors(modelFile(weightsOf(job)));
  let parameters: Tensor[] = [];
  for (const name of names) {
    const { shape } = file.tensors.get(name) as { shape: readonly number[] };
    const stored = tf.tensor(await file.readFloat32(name), shape);
    parameters.push(shape.length === 4 ? tf.transpose(stored, [2, 3, 1, 0]) : shape.length === 2 ? tf.transpose(stored) : stored);
  }
  await file.close();
  let momenta = parameters.map((parameter) => tf.zerosLike(parameter));
  const x = tf.tensor(images(job), [job.batch, job.size, job.size, 1]);
  const targets = tf.oneHot(tf.tensor(labels(job), [job.batch], "int32"), 10);

  const network = ([w1, b1, w2, b2, w3, b3, w4, b4]: readonly Tensor[], drop: (x: Tensor, rate: number) => Tensor) => {
    const convolved = (y: Tensor, weight: Tensor, bias: Tensor) => tf.relu(tf.add(tf.conv2d(y, weight, 1, "valid"), bias));
    const y = drop(tf.maxPool(convolved(convolved(x, w1, b1), w2, b2), 2, 2, "valid"), 0.25);
    const flat = tf.reshape(tf.transpose(y, [0, 3, 1, 2]), [job.batch, -1]); // the checkpoint's order: channels first
    return tf.add(tf.matMul(drop(tf.relu(tf.add(tf.matMul(flat, w3), b3)), 0.5), w4), b4);
  };
  const slopes = tf.valueAndGrads((...values) => tf.losses.softmaxCrossEntropy(targets, network(values, tf.dropout)));
  const run = async () => {
    const old = [...parameters, ...momenta];
    tf.tidy(() => {
      const { grads } = slopes(parameters);
      momenta = momenta.map((value, i) => tf.keep(tf.add(tf.mul(value, momentum), grads[i])));
      parameters = parameters.map((value, i) => tf.keep(tf.sub(value, tf.mul(momenta[i], learningRate))));
    });
    for (const tensor of old) tensor.dispose();
    await parameters[0].data();
  };
  return {
    engine: `tfjs-cpu ${versionOf("@tensorflow/tfjs")}`,
    build: "cpu",
    runtime,
    threads: 1,
    outputs: async () => [await tf.tidy(() => network(parameters, (y) => y)).data()],
    run: (count) => timed(count, run),
    close: () => {},
  };
}
