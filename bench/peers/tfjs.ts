import { load, packageFolder, versionOf } from "./load.js";
import { type Network, type Operation, paddingMode, readNetwork, shapesOf, type Tensor as Stored } from "./network.js";
import { images, type Job, runtime, type Side, timed } from "../job.js";

/** An opaque tensor of TensorFlow.js. */
interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Pad = "same" | "valid" | readonly (readonly [number, number])[];
interface FusedWindow {
  x: Tensor;
  filter: Tensor;
  strides: readonly number[];
  pad: Pad;
  bias: Tensor;
  activation: string;
}

interface Tfjs {
  readonly fused: {
    conv2d(options: FusedWindow): Tensor;
    depthwiseConv2d(options: FusedWindow): Tensor;
    matMul(options: { a: Tensor; b: Tensor; bias: Tensor; activation: string }): Tensor;
  };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(data: Float32Array, shape: readonly number[]): Tensor;
  scalar(value: number): Tensor;
  tidy(work: () => Tensor): Tensor;
  maxPool(x: Tensor, kernel: readonly number[], strides: readonly number[], pad: Pad): Tensor;
  mean(x: Tensor, axes: readonly number[], keepDims: boolean): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  concat(x: readonly Tensor[], axis: number): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  relu6(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
}

const fusedNames = { none: "linear", relu: "relu", relu6: "relu6" };

/** The operations of a network as calls, in fused forms as its graph converter makes them. */
function build(tf: Tfjs, network: Network, batch: number): (x: Tensor) => Tensor {
  const shapes = shapesOf(network, batch);
  const stored = (tensor: Stored, shape = tensor.shape) => tf.tensor(network.read(tensor), shape);
  const three = tf.scalar(3);
  const sixth = tf.scalar(1 / 6);
  const step = (node: Operation): ((inputs: readonly Tensor[]) => Tensor) => {
    const from = shapes.get(node.x[0]) as readonly number[];
    const to = shapes.get(node.y) as readonly number[];
    const pad = (
      kernel: readonly number[],
      { stride, padding }: { stride: readonly [number, number]; padding: readonly [number, number, number, number] },
    ): Pad => {
      const mode = paddingMode({ kernel, stride, padding }, from, to);
      const [top, bottom, left, right] = padding;
      return mode === "explicit"
        ? [
            [0, 0],
            [top, bottom],
            [left, right],
            [0, 0],
          ]
        : mode; // prettier-ignore
    };
    switch (node.op) {
      case "conv":
      case "depthwise": {
        const isDepthwise = node.op === "depthwise";
        const common = {
          filter: stored(node.weight, isDepthwise ? [...node.weight.shape, 1] : node.weight.shape),
          strides: node.stride,
          pad: pad(node.weight.shape, node),
          bias: stored(node.bias),
          activation: fusedNames[node.activation],
        };
        return ([x]) => (isDepthwise ? tf.fused.depthwiseConv2d({ x, ...common }) : tf.fused.conv2d({ x, ...common }));
      }
      case "dense": {
        const common = { b: stored(node.weight), bias: stored(node.bias), activation: fusedNames[node.activation] };
        return ([a]) => tf.fused.matMul({ a, ...common });
      }
      case "maxPool": {
        const padding = pad(node.kernel, node);
        return ([x]) => tf.maxPool(x, node.kernel, node.stride, padding);
      }
      case "add":
        return ([a, b]) => (node.activation === "none" ? tf.add(a, b) : tf[node.activation](tf.add(a, b)));
      case "hardSigmoid":
        return ([x]) => tf.mul(tf.relu6(tf.add(x, three)), sixth);
      case "hardSwish":
        return ([x]) => tf.mul(x, tf.mul(tf.relu6(tf.add(x, three)), sixth));
      case "mul":
        return ([a, b]) => tf.mul(a, b);
      case "concat":
        return (inputs) => tf.concat(inputs, 3);
      case "mean":
        return ([x]) => tf.mean(x, [1, 2], true);
      case "flatten":
        return ([x]) => tf.reshape(x, to);
      default:
        return ([x]) => tf[node.op as "relu" | "relu6" | "sigmoid"](x);
    }
  };
  const steps = network.nodes.map((node) => ({ inputs: node.x, output: node.y, run: step(node) }));
  return (x) => {
    const values = new Map([["x", x]]);
    for (const { inputs, output, run } of steps) values.set(output, run(inputs.map((name) => values.get(name) as Tensor)));
    return values.get(network.output) as Tensor;
  };
}

async function tfjs(backend: "wasm" | "cpu", job: Job): Promise<Side> {
  const name = `@tensorflow/tfjs-backend-${backend}`;
  const tf = await load<Tfjs>("@tensorflow/tfjs-core");
  const own = await load<{ setWasmPaths?(folder: string): void }>(name);
  own.setWasmPaths?.(`${packageFolder(name)}/dist/`);
  await tf.setBackend(backend);
  await tf.ready();
  const network = build(tf, readNetwork(job.model), job.batch);
  const data = images(job);
  const run = async () => {
    const y = tf.tidy(() => network(tf.tensor(data, [job.batch, job.size, job.size, 3])));
    const logits = await y.data();
    y.dispose();
    return logits;
  };
  return {
    engine: `tfjs-${backend} ${versionOf(name)}`,
    build: backend,
    runtime,
    threads: 1,
    outputs: async () => [Float32Array.from(await run())],
    run: (count) => timed(count, run),
    close: () => {},
  };
}

export const tfjsWasm = (job: Job) => tfjs("wasm", job);
export const tfjsCpu = (job: Job) => tfjs("cpu", job);
