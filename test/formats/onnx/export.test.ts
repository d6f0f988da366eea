import { expect, test } from "vitest";
import { ImageList } from "../../../src/data/image-list.js";
import { constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import { type OnnxModel, readOnnx } from "../../../src/formats/onnx/read-model.js";
import type { Model } from "../../../src/model/model.js";
import { quantize } from "../../../src/model/quantize.js";
import { loadModel } from "../../../src/zoo/load-model.js";
import { asset } from "../../assets.js";
import { createModel } from "../../../src/zoo/create-model.js";
import { relativeError, stateDict, uniform } from "../../zoo/recipe.js";

const networks = { resnet20: 32, small_cnn: 12, mobilenet_v3_small: 32, squeezenet1_0: 40 };
const cases = Object.entries(networks);

/** A model whose output depends on its input. */
async function open(name: string, imageSize: number): Promise<Model> {
  const model = await createModel(name, { inline: true, build: "simd", imageSize, numClasses: 5 });
  const tensors = await model.parameters();
  const numbers = stateDict(new Map([...tensors].map(([key, { shape }]) => [key, shape])));
  await model.setParameters(new Map([...tensors].map(([key, { shape }]) => [key, { shape, data: numbers.get(key) as Float32Array }])));
  return model;
}

async function bytesOf(model: Model): Promise<Model> {
  const [height, width] = model.imageSize;
  const { channels } = model.architecture;
  const photo = (seed: number) => ({ data: Uint8Array.from(uniform(seed, height * width * channels), (u) => (u + 1) * 127.5), width, height, channels });
  const photos = Array.from({ length: 5 }, (_, i) => ({ image: photo(i), label: String(i) }));
  return quantize(model, ImageList.from(photos), { maxLoss: 1, onReport: () => {} });
}

/** What the file computes in double precision, and what the model does, on two images. */
async function compare(model: Model, file: OnnxModel): Promise<number> {
  const shape = [2, model.architecture.channels, ...model.imageSize];
  const data = Float32Array.from(
    uniform(
      9,
      shape.reduce((size, axis) => size * axis),
    ),
  );
  const ours = await model.forward({ data, shape, layout: "NCHW" });
  const theirs = evaluateGraph(file, new Map([["x", constant("float32", shape, data)]])).get("logits");
  expect(theirs?.shape).toEqual(ours.shape);
  return relativeError(ours.data, theirs?.data as Float32Array);
}

const sameBits = (a: Float32Array, b: ArrayBufferView | undefined) =>
  b !== undefined && Buffer.compare(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), new Uint8Array(b.buffer, b.byteOffset, b.byteLength)) === 0;

const operators = ({ nodes }: OnnxModel) => new Set(nodes.map(({ op }) => op));

test.each(cases)("%s as ONNX computes the same, in its own layout and for any batch", async (name, size) => {
  const model = await open(name, size);
  const file = readOnnx(await model.save(undefined, { format: "onnx" }), "model.onnx");
  expect(await compare(model, file)).toBeLessThan(1e-5);
  expect(file.inputs).toEqual([{ name: "x", type: "float32", shape: ["batch", model.architecture.channels, size, size] }]);
  expect(file.outputs).toEqual([{ name: "logits", type: "float32", shape: ["batch", 5] }]);
  expect([...operators(file)]).not.toContain("Transpose");
  const tensors = await model.parameters();
  for (const [key, { shape, data }] of tensors) {
    const written = file.initializers.get(key)?.decode();
    expect([key, written?.type, written?.shape, sameBits(data, written?.data)]).toEqual([key, "float32", shape, true]);
  }
  model.close();
});

test.each([...cases, ["mobilenet_v2", 32] as const])("%s on bytes: pairs of QuantizeLinear and DequantizeLinear give its logits", async (name, size) => {
  const model = await open(name, size);
  const quantized = await bytesOf(model);
  const file = readOnnx(await quantized.save(undefined, { format: "onnx" }), "model.onnx");
  expect(await compare(quantized, file)).toBeLessThan(1e-6);
  expect([...operators(file)]).toEqual(expect.arrayContaining(["QuantizeLinear", "DequantizeLinear"]));
  for (const { name: weight, dtype } of quantized.session.keptValues()) if (dtype === "int8") expect(file.initializers.get(weight)?.type).toBe("int8");
  model.close();
  quantized.close();
});

test.each([
  ["squeezenet1_0_deepcompression", 227],
  ["mobilenet_v3_small_random", 224],
])("%s: an ONNX file that was read and written again gives the same logits, for any batch", async (name, size) => {
  const path = asset(`weights/${name}/model.onnx`);
  if (!path) return;
  const options = { inline: true, build: "simd", preprocessing: "imagenet", imageSize: size } as const;
  const model = await loadModel(path, options);
  const again = await loadModel((await model.save(undefined, { format: "onnx" })) as Uint8Array, { inline: true, build: "simd" });
  const shape = [2, 3, size, size];
  const data = Float32Array.from(
    uniform(
      9,
      shape.reduce((product, axis) => product * axis),
    ),
  );
  const [before, after] = [await model.forward({ data, shape, layout: "NCHW" }), await again.forward({ data, shape, layout: "NCHW" })];
  expect(relativeError(after.data, before.data)).toBeLessThan(1e-6);
  expect(again.preprocessing).toEqual(model.preprocessing);
  model.close();
  again.close();
});

test("half floats are stored so and computed with as floats", async () => {
  const model = await open("small_cnn", 12);
  const file = readOnnx(await model.save(undefined, { format: "onnx", dtype: "float16" }), "model.onnx");
  for (const key of (await model.parameters()).keys()) expect(file.initializers.get(key)?.type).toBe("float16");
  expect(await compare(model, file)).toBeLessThan(1e-2);
  model.close();
});

test("labels, preprocessing and notes go along", async () => {
  const model = await createModel("small_cnn", { inline: true, labels: ["cat", "dog"] });
  const { metadata } = readOnnx(await model.save(undefined, { format: "onnx", notes: { licence: "MIT" } }), "model.onnx");
  expect(JSON.parse(metadata.get("ocelli.labels") ?? "")).toEqual(["cat", "dog"]);
  expect(JSON.parse(metadata.get("ocelli.preprocessing") ?? "")).toEqual(model.preprocessing);
  expect(JSON.parse(metadata.get("ocelli.notes") ?? "")).toEqual({ licence: "MIT" });
  await expect(model.save(undefined, { format: "pickle" as never })).rejects.toThrow('save: format expected safetensors or onnx, got "pickle"');
  model.close();
});
