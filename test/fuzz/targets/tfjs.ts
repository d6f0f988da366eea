import { zipSync } from "fflate";
import { DataError } from "../../../src/core/errors.js";
import type { Random } from "../../../src/core/random.js";
import { readArchive } from "../../../src/formats/archive.js";
import { readTfjs } from "../../../src/formats/tfjs/index.js";
import { mutateJson, pick } from "../mutate.js";
import type { Target } from "../run.js";
import { importWhole } from "./import-whole.js";

const shapes = {
  "conv/kernel": [3, 3, 3, 4],
  "conv/bias": [4],
  "norm/gamma": [4],
  "norm/beta": [4],
  "norm/moving_mean": [4],
  "norm/moving_variance": [4],
  "depthwise/depthwise_kernel": [3, 3, 4, 1],
  "dense/kernel": [4, 3],
  "dense/bias": [3],
};
const numbers = Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((size, axis) => size * axis), 0);
const data = new Uint8Array(4 * numbers + 8);
new Float32Array(data.buffer, 0, numbers).fill(0.5);
new Int32Array(data.buffer, 4 * numbers).set([1, 2]); // the axes of an image
const specs = [...Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: "float32" })), { name: "axes", shape: [2], dtype: "int32" }];
const weightsManifest = [{ paths: ["weights.bin"], weights: specs }];

const layer = (class_name: string, name: string, config: object) => ({ class_name, config: { name, trainable: true, dtype: "float32", ...config } });
const layers = {
  format: "layers-model",
  modelTopology: {
    keras_version: "2.4.0",
    model_config: {
      class_name: "Sequential",
      config: {
        name: "sequential",
        layers: [
          layer("Conv2D", "conv", {
            batch_input_shape: [null, 12, 12, 3],
            filters: 4,
            kernel_size: [3, 3],
            strides: [2, 2],
            padding: "same",
            use_bias: true,
            activation: "relu",
          }),
          layer("BatchNormalization", "norm", { axis: -1, epsilon: 0.001, momentum: 0.99, center: true, scale: true }),
          layer("DepthwiseConv2D", "depthwise", {
            kernel_size: [3, 3],
            strides: [1, 1],
            padding: "valid",
            depth_multiplier: 1,
            use_bias: false,
            activation: "linear",
          }),
          layer("GlobalAveragePooling2D", "pool", { data_format: "channels_last" }),
          layer("Dense", "dense", { units: 3, use_bias: true, activation: "softmax" }),
        ],
      },
    },
  },
  weightsManifest,
};

const types = (dtype: string) => ({ T: { type: dtype } });
const node = (op: string, name: string, input: string[], attr: object = {}) => ({ op, name, input, attr: { ...types("DT_FLOAT"), ...attr } });
const shape = (sizes: number[]) => ({ shape: { shape: { dim: sizes.map((size) => ({ size: String(size) })) } } });
const weights = Object.entries(shapes).map(([name, sizes]) => node("Const", name, [], { ...shape(sizes), dtype: { type: "DT_FLOAT" } }));
const window = {
  strides: { list: { i: ["1", "2", "2", "1"] } },
  dilations: { list: { i: ["1", "1", "1", "1"] } },
  padding: { s: "U0FNRQ==" },
  data_format: { s: "TkhXQw==" },
};
const graph = {
  format: "graph-model",
  modelTopology: {
    node: [
      node("Placeholder", "x", [], { ...shape([-1, 12, 12, 3]), dtype: { type: "DT_FLOAT" } }),
      ...weights,
      node("_FusedConv2D", "a", ["x", "conv/kernel", "conv/bias"], {
        ...window,
        num_args: { i: "1" },
        fused_ops: { list: { s: ["Qmlhc0FkZA==", "UmVsdTY="] } },
      }),
      node("DepthwiseConv2dNative", "b", ["a", "depthwise/depthwise_kernel"], window),
      node("FusedBatchNormV3", "c", ["b", "norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance"], {
        epsilon: { f: 0.001 },
        is_training: { b: false },
      }),
      node("MaxPool", "d", ["c"], { ...window, ksize: { list: { i: ["1", "2", "2", "1"] } } }),
      node("Relu", "e", ["d"]),
      node("Const", "axes", [], { ...shape([2]), dtype: { type: "DT_INT32" } }),
      node("Mean", "f", ["e", "axes"], { keep_dims: { b: false } }),
      node("MatMul", "g", ["f", "dense/kernel"]),
      node("BiasAdd", "h", ["g", "dense/bias"]),
      node("Softmax", "y", ["h"]),
    ],
    versions: { producer: 440 },
  },
  weightsManifest,
};

const models = [layers, graph];
const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const varied = (random: Random) => text(mutateJson(pick(models, random), random));

const beside = async (name: string) => {
  if (name === "weights.bin") return data.slice();
  throw new DataError(`there is no ${name}`);
};

/** `model.json`; the weights beside it are whole. */
export const tfjs: Target = {
  name: "tfjs",
  files: models.map(text),
  vary: varied,
  async read(bytes) {
    importWhole(await readTfjs({ name: "model.json", bytes: bytes.slice(), beside }));
  },
};

const metadata = { packageName: "@teachablemachine/image", labels: ["a", "b", "c"], imageSize: 12, modelName: "fuzz" };
const zipped = (model: Uint8Array) => zipSync({ "model.json": model, "weights.bin": data, "metadata.json": text(metadata) }, { mtime: 315_532_800_000 });

/** All files of a Teachable Machine export in one. */
export const zip: Target = {
  name: "zip",
  files: [zipped(text(layers))],
  async read(bytes) {
    importWhole(await readArchive({ name: "model.zip", bytes: bytes.slice() }));
  },
};
