import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { toPixels } from "../../src/data/image.js";
import { ImageEngine } from "../../src/data/image-engine.js";
import { evaluationTransforms, type Preprocessing, timmResize } from "../../src/data/preprocessing.js";
import { trainingTransforms } from "../../src/data/training-transforms.js";
import { autoAugmentation, ColorJitter, TrivialAugmentWide } from "../../src/data/transforms/index.js";
import { asset } from "../assets.js";
import { digest } from "./open-canvas.js";

const half: Preprocessing = { resize: 256, crop: 224, interpolation: "bilinear", mean: [127.5], std: [127.5], scale: 1 };

describe("preprocessing", () => {
  it("becomes a pipeline for prediction and one for training", () => {
    const names = (pipeline: readonly { name: string }[]) => pipeline.map(({ name }) => name);
    expect(names(evaluationTransforms(half))).toEqual(["Resize", "CenterCrop", "Normalize"]);
    expect(names(evaluationTransforms({ ...half, resize: null }))).toEqual(["CenterCrop", "Normalize"]);
    expect(names(trainingTransforms(half))).toEqual(["RandomResizedCrop", "RandomHorizontalFlip", "Normalize"]);
    expect(names(trainingTransforms(half, { flip: 0, erasing: 0.25 }))).toEqual(["RandomResizedCrop", "Normalize", "RandomErasing"]);
    const auto = trainingTransforms(half, { auto: autoAugmentation("rand-m9-mstd0.5-inc1"), extra: [ColorJitter()] });
    expect(names(auto)).toEqual(["RandomResizedCrop", "RandomHorizontalFlip", autoAugmentation("rand-m9").name, "ColorJitter", "Normalize"]);
    expect(auto[2]).toEqual(autoAugmentation("rand-m9-mstd0.5-inc1"));
    expect(trainingTransforms(half, { auto: TrivialAugmentWide() })[2]).toEqual(TrivialAugmentWide());
    expect(trainingTransforms(half, { scale: [0.5, 1] })[0]).toMatchObject({ size: 224, scale: [0.5, 1], interpolation: "bilinear" });
  });

  it("refuses what does not fit", () => {
    expect(() => evaluationTransforms({ ...half, mean: [1, 2, 3], channels: 1 })).toThrow("preprocessing: mean: expected at most 1 numbers, got [1,2,3]");
    expect(() => evaluationTransforms({ ...half, channels: 4 as 3 })).toThrow("preprocessing: channels: expected 1 or 3, got 4");
    expect(() => evaluationTransforms({ ...half, crop: -1 })).toThrow("CenterCrop: size");
  });

  it("follows timm's rule for the size before the crop", () => {
    expect([timmResize(224, 0.875), timmResize(224, 0.95), timmResize(288, 1), timmResize(128, 0.875)]).toEqual([256, 235, 288, 146]);
  });
});

describe("the inputs of the reference checkpoints from their JPEG files", () => {
  const checkpoints: Record<string, Preprocessing> = {
    "mobilenet_v2_1.0_224_coral_tf2ptq": half,
    "mobilenet_v1_0.25_128_coral_qat": { ...half, resize: 146, crop: 128 },
    squeezenet1_0_deepcompression: { ...half, resize: 259, crop: 227, mean: [104, 117, 123], std: [1], channelOrder: "bgr" },
    cifar_resnet20: { resize: null, crop: 32, interpolation: "bilinear", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  };
  let engine: ImageEngine;
  beforeAll(async () => {
    engine = await ImageEngine.open();
  });

  it.for(Object.entries(checkpoints))("%s", async ([name, preprocessing], { skip }) => {
    for (const index of [0, 1]) {
      const reference = asset(`weights/${name}/reference.json`);
      const floats = asset(`weights/${name}/input_${index}.f32`);
      const file = reference && asset(`images/${JSON.parse(readFileSync(reference, "utf8")).images[index]}`);
      if (!floats || !file) return skip(`weights/${name} or its images are not among the assets`);
      const { data, width, height } = engine.run(await toPixels(file), evaluationTransforms(preprocessing));
      const bytes = readFileSync(floats);
      const planes = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      const expected = Float32Array.from(planes, (_, i) => planes[(i % 3) * width * height + Math.floor(i / 3)]);
      expect(data.length).toBe(expected.length);
      expect(digest(data)).toBe(digest(expected));
    }
  });
});
