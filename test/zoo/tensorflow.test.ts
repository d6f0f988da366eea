import { readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { loadModel } from "../../src/zoo/load-model.js";
import { asset } from "../assets.js";
import { LiteFile } from "../formats/tflite/lite-file.js";
import { weight } from "../formats/tfjs/recipe.js";

const inline = { inline: true, build: "simd" } as const;
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const pixels = { data: new Uint8Array(10 * 12 * 3).map((_, i) => (i * 37) % 256), width: 12, height: 10, channels: 3 as const };

/** A zip as Teachable Machine exports it, of a network for images of 8 x 8. */
function teachableMachine(): Uint8Array {
  const layer = (class_name: string, config: object) => ({ class_name, config });
  const layers = [
    layer("Conv2D", { name: "conv", batch_input_shape: [null, 8, 8, 3], filters: 4, kernel_size: 3, strides: [2, 2], padding: "same", activation: "relu" }),
    layer("BatchNormalization", { name: "norm" }),
    layer("GlobalAveragePooling2D", { name: "pool" }),
    layer("Dense", { name: "classes", units: 3, activation: "softmax", use_bias: false }),
  ];
  const shapes: [string, number[]][] = [
    ["conv/kernel", [3, 3, 3, 4]],
    ["conv/bias", [4]],
    ["norm/gamma", [4]],
    ["norm/beta", [4]],
    ["norm/moving_mean", [4]],
    ["norm/moving_variance", [4]],
    ["classes/kernel", [4, 3]],
  ];
  const weights = shapes.map(([name, shape]) => ({ name, shape, dtype: "float32" }));
  return zipSync({
    "model.json": text({
      modelTopology: { class_name: "Sequential", config: { name: "all", layers } },
      weightsManifest: [{ paths: ["weights.bin"], weights }],
    }),
    "weights.bin": new Uint8Array(Float32Array.from(shapes.flatMap(([name, shape], i) => [...weight(name, i + 1, shape)])).buffer),
    "metadata.json": text({ packageName: "@teachablemachine/image", labels: ["cat", "dog", "bird"], imageSize: 8 }),
  });
}

test("a Teachable Machine export is a whole classifier, which is saved and gets other classes", async () => {
  const opened = await loadModel(teachableMachine(), inline);
  expect(opened.labels).toEqual(["cat", "dog", "bird"]);
  expect(opened.preprocessing).toMatchObject({ crop: 8, scale: 1 / 127, mean: [1] });
  expect([...(await opened.parameters()).keys()].sort()).toEqual([
    "classes/kernel",
    "conv/bias",
    "conv/kernel",
    "norm/beta",
    "norm/gamma",
    "norm/moving_mean",
    "norm/moving_variance",
  ]);
  const scores = await opened.classify(pixels);
  const again = await loadModel(await opened.save(), inline);
  expect(await again.classify(pixels)).toEqual(scores);
  const other = await again.replaceHead(["a", "b"]);
  expect((await other.classify(pixels)).map(({ label }) => label).sort()).toEqual(["a", "b"]);
  for (const model of [opened, again, other]) model.close();
});

test("a TFLite file of bytes says how its images are prepared", async () => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 8, 8, 3], type: 3, name: "image", quantization: { scales: [1 / 128], zeroPoints: [128] } });
  const filter = file.tensor({
    shape: [2, 3, 3, 3],
    type: 3,
    data: new Uint8Array(54).map((_, i) => i),
    name: "filter",
    quantization: { scales: [0.125], zeroPoints: [20] },
  });
  const [conv] = file.op(
    "CONV_2D",
    [x, filter, -1],
    [
      ["int8", 1],
      ["int32", 5],
      ["int32", 5],
      ["int8", 1],
    ],
    [{ shape: [1, 2, 2, 2], type: 3, name: "conv", quantization: { scales: [0.5], zeroPoints: [0] } }],
  );
  const [mean] = file.op("MEAN", [conv, file.ints([1, 2])], [["int8", 0]], [[1, 2]]);
  const dense = file.op("FULLY_CONNECTED", [mean, file.floats([3, 2], [1, -1, 0.5, 2, -0.25, 1]), -1], [["int8", 0]], [[1, 3]]);
  const levels = { shape: [1, 3], type: 3, name: "classes", quantization: { scales: [1 / 256], zeroPoints: [0] } };
  const bytes = file.bytes([x], file.op("SOFTMAX", dense, [["float32", 1]], [levels]));
  const model = await loadModel(bytes, inline);
  expect(model.preprocessing).toMatchObject({ resize: [8, 8], scale: 1 / 128, mean: [1], std: [1] });
  expect((await model.classify([pixels, pixels])).map((each) => each.length)).toEqual([3, 3]);
  const exact = await loadModel(bytes, { ...inline, quantized: "exact" });
  const [near, rounded] = await Promise.all([model, exact].map((each) => each.classify(pixels)));
  expect(rounded).not.toEqual(near);
  for (const [i, { label, score }] of rounded.entries()) expect({ label, score }).toEqual({ label: near[i].label, score: expect.closeTo(near[i].score, 1) });
  for (const each of [model, exact]) each.close();
});

const folder = "weights/mobilenet_v2_1.0_224_coral_tf2ptq";
const paths = ["tf2_mobilenet_v2_1.0_224_ptq.tflite", "reference.json"].map((file) => asset(`${folder}/${file}`));
const photos = asset("images");
const isThere = photos !== undefined && paths.every((path) => path !== undefined);
if (!isThere) console.warn(`skipped: ${folder} or images is not in the assets folder`);

test.skipIf(!isThere)("a MobileNetV2 of int8 sees in photos what PyTorch sees with its weights", { timeout: 60_000 }, async () => {
  const [file, reference] = paths as string[];
  const { images, top1 }: { images: string[]; top1: number[] } = JSON.parse(readFileSync(reference, "utf8"));
  const preprocessing = { resize: 256, crop: 224, interpolation: "bilinear", mean: [0.5], std: [0.5] } as const;
  const model = await loadModel(file, { preprocessing, threads: 2 });
  const scores = await model.classify(
    images.map((image) => `${photos}/${image}`),
    { topK: 1 },
  );
  const same = scores.filter(([best], i) => best.label === model.labels[top1[i]]).length;
  expect(same).toBeGreaterThanOrEqual(49);
  model.close();
});
