import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createModel, quantize } from "../../src/index.js";
import { asset } from "../assets.js";

const folder = "weights/mobilenet_v2_1.0_224_coral_tf2ptq";
const weights = asset(`${folder}/model.safetensors`);
const reference = asset(`${folder}/reference.json`);

/** `npm run verify:quantization` measures accuracy on whole data sets; this sees whether something is broken. */
it.skipIf(!weights || !reference)("a quantised MobileNetV2 gives the reference's class for most photos that it was not calibrated on", async () => {
  const { images, top1 } = JSON.parse(readFileSync(reference as string, "utf8")) as { images: string[]; top1: number[] };
  const files = images.map((image) => asset(`images/${image}`) as string);
  const model = await createModel("mobilenet_v2", {
    pretrained: weights,
    options: { padding: "same" },
    preprocessing: { resize: 256, crop: 224, interpolation: "bilinear", mean: [0.5], std: [0.5] },
    build: "simd",
    threads: 2,
  });
  const quantized = await quantize(model, files.slice(0, 20), { maxLoss: 1, onReport: () => {} });
  const scores = await quantized.classify(files.slice(20), { topK: 1 });
  const right = scores.filter(([best], i) => best.label === String(top1[20 + i])).length;
  model.close();
  quantized.close();
  console.log(`${right} of ${scores.length}`);
  expect(right).toBeGreaterThanOrEqual(25);
});
