import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createModel, type Preprocessing } from "../../src/index.js";
import { asset } from "../assets.js";

interface Case {
  readonly folder: string;
  readonly architecture: string;
  readonly options?: Record<string, string>;
  readonly preprocessing: Preprocessing;
}

const tensorflow = { interpolation: "bilinear", mean: [0.5], std: [0.5] } as const;

/** Preprocessing as each folder's `reference.json` notes it. */
const cases: readonly Case[] = [
  {
    folder: "mobilenet_v2_1.0_224_coral_tf2ptq",
    architecture: "mobilenet_v2",
    options: { padding: "same" },
    preprocessing: { resize: 256, crop: 224, ...tensorflow },
  },
  {
    folder: "mobilenet_v1_0.25_128_coral_qat",
    architecture: "mobilenet_v1_025",
    options: { padding: "same" },
    preprocessing: { resize: 146, crop: 128, ...tensorflow },
  },
  {
    folder: "squeezenet1_0_deepcompression",
    architecture: "squeezenet1_0",
    preprocessing: { resize: 259, crop: 227, interpolation: "bilinear", mean: [104, 117, 123], std: [1], scale: 1, channelOrder: "bgr" },
  },
];

describe.each(cases)("$architecture on JPEG files", ({ folder, architecture, options, preprocessing }) => {
  const weights = asset(`weights/${folder}/model.safetensors`);
  const reference = asset(`weights/${folder}/reference.json`);

  it.skipIf(!weights || !reference)("gives the reference's class for at least 49 of 50 images", async () => {
    const { images, top1 } = JSON.parse(readFileSync(reference as string, "utf8")) as { images: string[]; top1: number[] };
    expect(images).toHaveLength(50);
    const model = await createModel(architecture, { pretrained: weights, options, preprocessing, build: "simd", threads: 2 });
    const scores = await model.classify(
      images.map((image) => asset(`images/${image}`) as string),
      { topK: 1 },
    );
    model.close();
    const right = scores.filter(([best], i) => best.label === String(top1[i])).length;
    expect(right).toBeGreaterThanOrEqual(49);
  });
});
