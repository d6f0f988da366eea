import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import { readArchive } from "../../../src/formats/archive.js";
import type { ForeignFile } from "../../../src/formats/foreign.js";
import { type Constant, constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import type { OnnxModel } from "../../../src/formats/onnx/read-model.js";
import { float32ToFloat16 } from "../../../src/formats/safetensors/half.js";
import { readTfjs, readTfjsArtifacts } from "../../../src/formats/tfjs/index.js";
import { inputNumbers } from "./recipe.js";

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const run = (graph: OnnxModel, shape: number[], values: ArrayLike<number> = inputNumbers(0, shape)): Constant =>
  [...evaluateGraph(graph, new Map([[graph.inputs[0].name, constant("float32", shape, values)]])).values()][0];

/** A dense layer of two inputs and three outputs, with a batch that is left open. */
const dense = {
  class_name: "Sequential",
  config: { name: "small", layers: [{ class_name: "Dense", config: { name: "dense", units: 3, batch_input_shape: [null, 2] } }] },
  keras_version: "2.15.0",
};
const kernel = [1, 2, 3, 4, 5, 6];
const bias = [0.5, -0.5, 0];
const weights = [
  { name: "dense/kernel", shape: [2, 3], dtype: "float32" },
  { name: "dense/bias", shape: [3], dtype: "float32" },
];

/** `model.json` with files beside it. */
const folder = (
  files: Record<string, Uint8Array>,
  model: object = { modelTopology: dense, weightsManifest: [{ paths: Object.keys(files), weights }] },
): ForeignFile => ({
  name: "model.json",
  bytes: text(model),
  async beside(name) {
    if (!Object.hasOwn(files, name)) throw new DataError(`there is no ${name}`);
    return new Uint8Array(files[name]);
  },
});

describe("weights", () => {
  test("lie in one file or several, cut anywhere", async () => {
    const all = floats(...kernel, ...bias);
    for (const cuts of [[], [24], [3, 10, 11]]) {
      const parts = [0, ...cuts].map((start, i) => [`group1-shard${i}`, all.slice(start, cuts[i] ?? all.length)] as const);
      const { graph } = await readTfjs(folder(Object.fromEntries(parts)));
      expect([...run(graph, [1, 2], [1, -1]).data]).toEqual([-2.5, -3.5, -3]);
    }
  });

  test("are decoded late, as views of the file where they can be", async () => {
    const data = floats(...kernel, ...bias);
    const { graph } = await readTfjsArtifacts({ modelTopology: dense, weightSpecs: weights, weightData: data.buffer });
    expect(graph.initializers.get("dense/kernel")?.decode().data.buffer).toBe(data.buffer);
  });

  test("of 8, 16 and half precision bits are float32", async () => {
    const quantization = (dtype: string) => ({ quantization: { dtype, scale: 0.5, min: -1, original_dtype: "float32" } });
    const cases = [
      { spec: quantization("uint8"), data: Uint8Array.of(4, 6, 8, 10, 12, 14) },
      { spec: quantization("uint16"), data: new Uint8Array(Uint16Array.of(4, 6, 8, 10, 12, 14).buffer) },
      { spec: { quantization: { dtype: "float16", original_dtype: "float32" } }, data: new Uint8Array(float32ToFloat16(Float32Array.from(kernel)).buffer) },
    ];
    for (const { spec, data } of cases) {
      const specs = [weights[1], { ...weights[0], ...spec }];
      const { graph } = await readTfjsArtifacts({ modelTopology: dense, weightSpecs: specs, weightData: new Uint8Array([...floats(...bias), ...data]) });
      expect([...run(graph, [1, 2], [1, -1]).data]).toEqual([-2.5, -3.5, -3]);
    }
  });

  test("say by which file they are missing", async () => {
    await expect(readTfjs(folder({}, { modelTopology: dense, weightsManifest: [{ paths: ["weights.bin"], weights }] }))).rejects.toThrow(
      'tfjs: the weights lie in "weights.bin": there is no weights.bin (model.json)',
    );
    await expect(readTfjs({ name: "Blob", bytes: text({ modelTopology: dense, weightsManifest: [{ paths: ["weights.bin"], weights }] }) })).rejects.toThrow(
      "open the model by its path, URL, folder or zip (Blob)",
    );
  });
});

describe("Keras 3", () => {
  const tensor = (layer: string, call = 0) => ({
    class_name: "__keras_tensor__",
    config: { shape: [null, 4, 4, 2], dtype: "float32", keras_history: [layer, call, 0] },
  });
  const call = (...args: unknown[]) => ({ args, kwargs: {} });
  const layer = (name: string, class_name: string, config: object, ...inbound_nodes: object[]) => ({
    module: "keras.layers",
    class_name,
    registered_name: null,
    build_config: { input_shape: [null, 4, 4, 2] },
    config: { name, trainable: true, dtype: { module: "keras", class_name: "DTypePolicy", config: { name: "float32" } }, ...config },
    name,
    inbound_nodes,
  });
  const topology = {
    keras_version: "3.4.1",
    backend: "tensorflow",
    model_config: {
      class_name: "Functional",
      config: {
        name: "functional",
        layers: [
          layer("x", "InputLayer", { batch_shape: [null, 4, 4, 2] }),
          layer(
            "conv",
            "Conv2D",
            { filters: 2, kernel_size: [1, 1], activation: "hard_sigmoid", groups: 2, use_bias: false },
            call(tensor("x")),
            call(tensor("conv")),
          ),
          layer("sum", "Add", {}, call([tensor("x"), tensor("conv", 1)])),
          layer("bend", "LeakyReLU", { negative_slope: 0.25 }, call(tensor("sum"))),
          layer(
            "twist",
            "Activation",
            { activation: { module: "builtins", class_name: "function", config: "silu", registered_name: "function" } },
            call(tensor("bend")),
          ),
          layer("group", "GroupNormalization", { groups: 2, axis: -1, epsilon: 0.5 }, call(tensor("twist"))),
          layer("flat", "Flatten", {}, call(tensor("group"))),
        ],
        input_layers: ["x", 0, 0],
        output_layers: ["flat", 0, 0],
      },
    },
  };

  test("writes calls, activations and weights in its own way", async () => {
    const specs = [
      { name: "conv/kernel", shape: [1, 1, 1, 2], dtype: "float32" },
      { name: "group/gamma", shape: [2], dtype: "float32" },
      { name: "group/1", shape: [2], dtype: "float32" },
    ];
    const { graph } = await readTfjsArtifacts({ modelTopology: topology, weightSpecs: specs, weightData: floats(2, -3, 1.5, 1, 0.25, -1) });
    const shape = [1, 4, 4, 2];
    const x = inputNumbers(0, shape);
    // Channel c alone: twice through hard_sigmoid(k x), added to x, bent, gated; then a group of its own.
    const hard = (value: number) => Math.min(Math.max(value / 6 + 0.5, 0), 1);
    const before = Array.from(x, (value, i) => {
      const k = [2, -3][i % 2];
      const sum = value + hard(k * hard(k * value));
      const bent = sum < 0 ? 0.25 * sum : sum;
      return bent / (1 + Math.exp(-bent));
    });
    const expected = before.map((value, i) => {
      const group = before.filter((_, k) => k % 2 === i % 2);
      const mean = group.reduce((a, b) => a + b, 0) / 16;
      const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / 16;
      return ((value - mean) / Math.sqrt(variance + 0.5)) * [1.5, 1][i % 2] + [0.25, -1][i % 2];
    });
    const y = run(graph, shape, x);
    expect(y.shape).toEqual([1, 32]);
    y.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    expect(graph.producer).toBe("keras 3.4.1");
  });
});

describe("preprocessing", () => {
  const input = { name: "input_1", class_name: "InputLayer", config: { name: "input_1", batch_input_shape: [null, 96, 96, 3] }, inbound_nodes: [] };
  const pool = (from: string) => ({ name: "pool", class_name: "GlobalAveragePooling2D", config: { name: "pool" }, inbound_nodes: [[[from, 0, 0, {}]]] });
  const model = (name: string, ...layers: object[]) => ({
    class_name: "Functional",
    config: { name, layers: [input, ...layers], input_layers: [["input_1", 0, 0]], output_layers: [["pool", 0, 0]] },
  });
  const of = async (topology: object) => (await readTfjsArtifacts({ modelTopology: topology, weightSpecs: [], weightData: new ArrayBuffer(0) })).preprocessing;

  test("is known where the network has the name of one of Keras' own, or scales levels itself", async () => {
    expect(await of(model("mobilenetv2_1.00_96", pool("input_1")))).toMatchObject({ crop: 96, mean: [0.5], std: [0.5] });
    expect(await of(model("resnet50", pool("input_1")))).toMatchObject({ channelOrder: "bgr", scale: 1, mean: [103.939, 116.779, 123.68] });
    expect(await of(model("densenet121", pool("input_1")))).toMatchObject({ mean: [0.485, 0.456, 0.406] });
    const rescaling = {
      name: "scale",
      class_name: "Rescaling",
      config: { name: "scale", scale: 1 / 127.5, offset: -1 },
      inbound_nodes: [[["input_1", 0, 0, {}]]],
    };
    expect(await of(model("mine", rescaling, pool("scale")))).toEqual({
      resize: [96, 96],
      crop: [96, 96],
      interpolation: "bilinear",
      scale: 1,
      mean: [0],
      std: [1],
    });
  });

  test("is unknown elsewhere", async () => {
    expect(await of(model("mine", pool("input_1")))).toBeUndefined();
  });
});

describe("Teachable Machine", () => {
  const metadata = {
    packageName: "@teachablemachine/image",
    packageVersion: "0.8.4",
    tmVersion: "2.4.7",
    modelName: "mine",
    labels: ["cat", "dog", "bird"],
    imageSize: 96,
  };
  const files = (more: object) => ({
    "model.json": text({ modelTopology: dense, weightsManifest: [{ paths: ["weights.bin"], weights }] }),
    "weights.bin": floats(...kernel, ...bias),
    "metadata.json": text({ ...metadata, ...more }),
  });
  const zipped = (entries: Record<string, Uint8Array>) => readArchive({ name: "converted_tfjs.zip", bytes: new Uint8Array(zipSync(entries)) });

  test("opens as a zip, with labels and the library's own normalisation", async () => {
    const { graph, ...rest } = await zipped(files({}));
    expect(rest).toEqual({
      labels: ["cat", "dog", "bird"],
      preprocessing: { resize: 96, crop: 96, interpolation: "bilinear", scale: 1 / 127, mean: [1], std: [1] },
      notes: { source: "Teachable Machine 2.4.7 mine" },
    });
    expect([...run(graph, [1, 2], [1, -1]).data]).toEqual([-2.5, -3.5, -3]);
  });

  test("of gray images, of sounds, or of a folder in the zip", async () => {
    expect((await zipped(files({ grayscale: true }))).preprocessing).toMatchObject({ channels: 1 });
    expect((await zipped(files({ packageName: "@teachablemachine/pose" }))).preprocessing).toBeUndefined();
    expect((await zipped(files({ packageName: "another" }))).labels).toBeUndefined();
    const inside = Object.fromEntries(Object.entries(files({})).map(([name, bytes]) => [`model/${name}`, bytes]));
    expect((await zipped(inside)).labels).toHaveLength(3);
  });

  test("an archive has one model", async () => {
    await expect(zipped({ "a.txt": text(1) })).rejects.toThrow("expected one model.json, .tflite or .onnx file in the archive, found 0 (converted_tfjs.zip)");
    await expect(zipped({ ...files({}), "b.tflite": text(1) })).rejects.toThrow("found 2");
  });
});
