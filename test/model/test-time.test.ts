import { Jimp } from "jimp";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/core/errors.js";
import type { ImageSource } from "../../src/data/image.js";
import { ImageList } from "../../src/data/image-list.js";
import type { Preprocessing } from "../../src/data/preprocessing.js";
import { CenterCrop, CornerCrop, Normalize, RandomHorizontalFlip, Resize } from "../../src/data/transforms/index.js";
import { argmax } from "../../src/model/logits.js";
import type { Model } from "../../src/model/model.js";
import { pipelinesOf, type TestTimeAugmentation } from "../../src/model/test-time.js";
import { classes, tinyItems, tinyResnet } from "../train/tiny.js";

interface Square {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
}

/** 8 pixels cut out of what is not resized. */
const cutting: Preprocessing = { resize: null, crop: 8, interpolation: "bilinear", mean: [0.5], std: [4] };
const open = (options: object = {}) => tinyResnet({ seed: 3, preprocessing: cutting, ...options });
const images = (count: number) => tinyItems(count, { side: 11 }).map(({ image }) => image as Square);

function cut({ data, width }: Square, top: number, left: number, mirrored = false): Square {
  const bytes = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / 24), Math.floor(i / 3) % 8, i % 3];
    return data[((top + row) * width + left + (mirrored ? 7 - column : column)) * 3 + channel];
  });
  return { data: bytes, width: 8, height: 8, channels: 3 };
}

/** Torchvision's center_crop rounds half to even: (11 - 8) / 2 to 2. */
const places = [
  [2, 2],
  [0, 0],
  [0, 3],
  [3, 0],
  [3, 3],
] as const;
const flips = (image: Square) => [cut(image, 2, 2), cut(image, 2, 2, true)];
const tenCrops = (image: Square) => places.flatMap(([top, left]) => [cut(image, top, left), cut(image, top, left, true)]);
const fiveCrops = (image: Square) => places.map(([top, left]) => cut(image, top, left));

/** Scores by class, in the order of the classes. */
const inOrder = (scores: readonly { label: string; score: number }[]) => classes.map((name) => scores.find(({ label }) => label === name)?.score as number);
const scoresOf = async (model: Model, some: readonly ImageSource[], tta?: Parameters<Model["classify"]>[1]) => (await model.classify(some, tta)).map(inOrder);
const mean = (rows: readonly (readonly number[])[]) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expected.forEach((value, i) => expect(Math.abs(found[i] - value)).toBeLessThan(1e-6));
}

describe("classify", () => {
  test.each([
    ["flip", flips],
    ["fiveCrop", fiveCrops],
    ["tenCrop", tenCrops],
  ] as const)("with %s averages the probabilities of the views, whatever the number of images", async (tta, viewsOf) => {
    const model = await open();
    const some = images(35);
    const found = await scoresOf(model, some, { tta });
    for (const at of [0, 31, 32, 34]) expectClose(found[at], mean(await scoresOf(model, viewsOf(some[at]))));
    const [plain] = await scoresOf(model, some.slice(0, 1));
    expect(Math.max(...plain.map((score, i) => Math.abs(score - found[0][i])))).toBeGreaterThan(1e-4);
    expect(inOrder(await model.classify(some[34], { tta }))).toEqual(found[34]);
    model.close();
  });

  test("averages logits where it is asked to", async () => {
    const model = await open();
    const [image] = images(1);
    const rows = (await model.compute("logits", flips(image))).map((row) => [...row]);
    const logits = mean(rows);
    const sum = logits.reduce((total, value) => total + Math.exp(value), 0);
    const [found] = await scoresOf(model, [image], { tta: { flip: true, average: "logits" } });
    expectClose(
      found,
      logits.map((value) => Math.exp(value) / sum),
    );
    model.close();
  });

  test("is the same in the pool's threads, and for files that are decoded once", async () => {
    const [inline, pooled] = [await open(), await open({ inline: false, threads: 2 })];
    const pixels = images(3);
    const files = await Promise.all(
      pixels.map(async ({ data, width, height }) => {
        const rgba = Buffer.alloc(4 * width * height, 255);
        for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
        return new Uint8Array(await new Jimp({ data: rgba, width, height }).getBuffer("image/png"));
      }),
    );
    const expected = await scoresOf(inline, pixels, { tta: "tenCrop" });
    expect(await scoresOf(pooled, files, { tta: "tenCrop" })).toEqual(expected);
    expect(await scoresOf(inline, files, { tta: "tenCrop" })).toEqual(expected);
    inline.close();
    pooled.close();
  });

  test.each<[object | string, string]>([
    ["fiveCrops", 'tta: expected flip, fiveCrop, tenCrop, scales or { flip, crops, scales, average }, got "fiveCrops"'],
    ["constructor", 'tta: expected flip, fiveCrop, tenCrop, scales or { flip, crops, scales, average }, got "constructor"'],
    [{ mirror: true }, "tta: expected the options flip, crops, scales, average, got mirror"],
    [{ crops: "nine" }, 'tta: crops: expected "center" or "five", got "nine"'],
    [{ scales: [] }, "tta: scales: expected a list of numbers, got []"],
    [{ scales: [0] }, "tta: scales: expected a number above 0, got 0"],
    [{ scales: [1, 2] }, "tta: scales: expected [1] where the preprocessing resizes nothing, got 2"],
    [{ average: "max" }, 'tta: average: expected "probabilities" or "logits", got "max"'],
  ])("refuses %j", async (tta, message) => {
    const model = await open();
    await expect(model.classify(images(1), { tta: tta as TestTimeAugmentation })).rejects.toThrow(new ArgumentError(message));
    model.close();
  });
});

test("evaluate measures what classify says, over several chunks, and tells of each image once", async () => {
  const model = await open();
  const data = ImageList.from(tinyItems(70, { side: 11 }), { classes });
  const done: number[] = [];
  const { predictions, accuracy, loss } = await model.evaluate(data, { tta: "flip", onProgress: (count) => done.push(count) });
  const scores = await scoresOf(model, images(70), { tta: "flip" });
  expect(done).toEqual([32, 64, 70]);
  expect(predictions.map(({ id }) => id)).toEqual(Array.from({ length: 70 }, (_, i) => `image ${i}`));
  expect(predictions.map(({ predicted }) => predicted)).toEqual(scores.map(argmax));
  expect(accuracy).toBe(scores.filter((row, i) => argmax(row) === i % 3).length / 70);
  expect(loss).toBeCloseTo(scores.reduce((sum, row, i) => sum - Math.log(row[i % 3]), 0) / 70, 6);
  expect((await model.evaluate(data)).loss).not.toBe(loss);
  model.close();
});

describe("views", () => {
  const imagenet = Normalize([0.485], [0.229]);
  const of = (resize: Preprocessing["resize"], crop: Preprocessing["crop"], tta: TestTimeAugmentation) =>
    pipelinesOf(
      { resize, crop, interpolation: "bicubic", mean: [0.485], std: [0.229] },
      { flip: false, crops: "center", scales: [1], average: "probabilities", ...tta },
    );
  const resize = (size: number | [number, number]) => Resize(size, { interpolation: "bicubic" });

  test("are the preprocessing, then what was asked for", () => {
    expect(of(256, 224, {})).toEqual([[resize(256), CenterCrop(224), imagenet]]);
    expect(of(256, 224, { flip: true, scales: [1, 1.125] })).toEqual([
      [resize(256), CenterCrop(224), imagenet],
      [resize(256), CenterCrop(224), RandomHorizontalFlip({ p: 1 }), imagenet],
      [resize(288), CenterCrop(224), imagenet],
      [resize(288), CenterCrop(224), RandomHorizontalFlip({ p: 1 }), imagenet],
    ]);
    expect(of(256, 224, { crops: "five" }).map((pipeline) => pipeline[1])).toEqual([
      CenterCrop(224),
      CornerCrop(224),
      CornerCrop(224, { horizontal: "right" }),
      CornerCrop(224, { vertical: "bottom" }),
      CornerCrop(224, { vertical: "bottom", horizontal: "right" }),
    ]);
  });

  test("have room for corners where the preprocessing leaves none", () => {
    expect(of(224, 224, { crops: "five" })[1]).toEqual([resize(256), CornerCrop(224), imagenet]);
    expect(of([112, 224], [112, 224], { crops: "five" })[4]).toEqual([
      resize([128, 256]),
      CornerCrop([112, 224], { vertical: "bottom", horizontal: "right" }),
      imagenet,
    ]);
    expect(of(224, 224, {})[0][0]).toEqual(resize(224));
  });

  test("are never smaller than the crop", () => {
    expect(of(256, 224, { scales: [0.875] })[0][0]).toEqual(resize(224));
    expect(() => of(256, 224, { scales: [1, 0.8] })).toThrow(
      new ArgumentError("tta: scales: 0.8 would resize to 205 pixels, expected at least the crop's 224"),
    );
    expect(() => of([256, 256], [224, 240], { scales: [0.9] })).toThrow("0.9 would resize to 230x230 pixels, expected at least the crop's 224x240");
  });
});
