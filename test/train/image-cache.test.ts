import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import type { Dataset } from "../../src/data/dataset.js";
import { ImageList, type ListItem } from "../../src/data/image-list.js";
import type { RawImage } from "../../src/data/image.js";
import { TarShards } from "../../src/data/tar-shards.js";
import type { Model } from "../../src/model/model.js";
import { fineTuner } from "../../src/train/fine-tune.js";
import type { TrainerOptions } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import { asset } from "../assets.js";
import { type Entry, tar } from "../data/make-tar.js";
import { classes, jitter, tinyData, tinyItems, tinyResnet } from "./tiny.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-cache-"));
afterAll(() => rmSync(folder, { recursive: true }));

const side = 10;
/** One image's share of the cache. */
const imageBytes = side * side * 3;

/** Rows of blue, green, red from the bottom, each of a multiple of 4 bytes. */
function bmp({ data, width, height }: RawImage): Uint8Array {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = new Uint8Array(54 + stride * height);
  const view = new DataView(file.buffer);
  file.set([0x42, 0x4d]);
  for (const [at, value] of [[10, 54], [14, 40], [18, width], [22, height], [26, 1 + (24 << 16)]]) view.setUint32(at, value, true); // biome-ignore format: a field a pair
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * 3; x++) file[54 + (height - 1 - y) * stride + x] = data[(y * width + Math.floor(x / 3)) * 3 + 2 - (x % 3)];
  return file;
}

/** Four shards in class folders, an image as its file. */
function shardsOf(items: readonly ListItem[], name: string): string {
  for (let shard = 0; shard < 4; shard++) {
    const entries = items.flatMap(({ image, label, id }, i): Entry[] =>
      i % 4 === shard ? [{ path: `${label}/${id}.bmp`, data: bmp(image as RawImage) }] : [],
    );
    writeFileSync(join(folder, `${name}-${shard}.tar`), tar(entries));
  }
  return join(folder, `${name}-{0..3}.tar`);
}

let train: Dataset;
let validation: Dataset;
beforeAll(async () => {
  const options = { classes };
  train = await TarShards.open(shardsOf(tinyItems(36, { side }), "train"), options);
  validation = await TarShards.open(shardsOf(tinyItems(12, { side, seed: 9 }), "val"), options);
});

const settings: TrainerOptions = { epochs: 3, batchSize: 8, seed: 5, lr: 0.02, batchNorm: "train", patience: 9 };

async function trained(
  where: { inline: boolean; threads?: number },
  more: TrainerOptions,
  data: { train: Dataset; validation?: Dataset } = { train, validation },
) {
  const model = await tinyResnet({ seed: 3, ...where });
  const trainer = new Trainer(model, data, { transforms: jitter(model), ...settings, ...more });
  return { model, trainer, finish: () => finish(trainer, model) };
}

async function finish(trainer: Trainer, model: Model): Promise<string> {
  const records = await trainer.fit();
  expect(records.map(({ validation }) => Number.isFinite(validation?.loss))).toEqual([true, true, true]);
  const file = Buffer.from(await model.save()).toString("base64");
  model.close();
  return file;
}

const whole = () => (wholeFile ??= trained({ inline: true }, { imageCache: 0 }).then(({ finish }) => finish()));
let wholeFile: Promise<string> | undefined;

/** The data set, whose images can be read no more once the files are gone. */
function until(data: Dataset, gone: () => boolean): Dataset {
  return { ...data, item: async (index) => ({ ...(await data.item(index)), ...(gone() ? { image: join(folder, "gone.bmp") } : {}) }) };
}

describe.each([
  ["inline", { inline: true }],
  ["one worker", { inline: false, threads: 1 }],
  ["two workers", { inline: false, threads: 2 }],
])("%s", (_, where) => {
  test.each([
    ["all images", limits.imageCacheBytes],
    ["five images", 5 * imageBytes + 7],
    ["none", 0],
  ])("with room for %s, training on shards ends in the same bits", async (_, imageCache) => {
    expect(await (await trained(where, { imageCache })).finish()).toBe(await whole());
  });

  test.each([
    [0, limits.imageCacheBytes],
    [limits.imageCacheBytes, 5 * imageBytes],
  ])("stopped in the middle of an epoch with a cache of %i bytes and resumed with one of %i, too", async (before, after) => {
    const checkpoint = join(folder, "checkpoint");
    const stop = new AbortController();
    const enough = new Error("enough");
    const first = await trained(where, { imageCache: before, checkpoint, signal: stop.signal, onProgress: ({ step }) => step === 7 && stop.abort(enough) });
    await expect(first.trainer.fit()).rejects.toBe(enough);
    first.model.close();
    const second = await trained(where, { imageCache: after });
    await second.trainer.resume(checkpoint);
    expect(await second.finish()).toBe(await whole());
  });

  test("no file is read after the first epoch, neither for training nor for validation; without the cache they are", async () => {
    let gone = false;
    const data = { train: until(train, () => gone), validation: until(validation, () => gone) };
    const onProgress: TrainerOptions["onProgress"] = ({ endOfEpoch }) => {
      if (endOfEpoch) gone = true;
    };
    expect(await (await trained(where, { onProgress }, data)).finish()).toBe(await whole());
    gone = false;
    const { model, trainer } = await trained(where, { onProgress, imageCache: (train.length + validation.length - 1) * imageBytes }, data);
    await expect(trainer.fit()).rejects.toThrow(/gone\.bmp: there is no such file/);
    model.close();
  });
});

test("images that are looked through first are decoded once, and the broken ones among them leave no gap", async () => {
  const items = tinyItems(36, { side });
  const files = items.map(({ image, ...item }, i) => ({ ...item, image: i % 9 === 4 ? Uint8Array.of(66, 77, 0) : bmp(image as RawImage) }));
  const broken = ImageList.from(files, { classes });
  const sound = ImageList.from(
    files.filter((_, i) => i % 9 !== 4),
    { classes },
  );
  const notices: string[] = [];
  const expected = await (await trained({ inline: true }, { imageCache: 0 }, { train: sound, validation })).finish();
  for (const imageCache of [limits.imageCacheBytes, 5 * imageBytes, 0]) {
    const found = await trained({ inline: false }, { imageCache, badImages: "skip", onNotice: (text) => notices.push(text) }, { train: broken, validation });
    expect(await found.finish()).toBe(expected);
  }
  expect(notices.filter((text) => text.startsWith("skipped training image image 13: bmp: "))).toHaveLength(3);
  const { model, trainer } = await trained({ inline: false }, {}, { train: broken, validation });
  const error = await trainer.fit().catch((thrown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toMatch(/\(image (4|13|22|31)\)$/);
  model.close();
});

test("a shard that is cut off in the middle is named when it is opened, and when it is read", async () => {
  const pattern = shardsOf(tinyItems(24, { side }), "cut");
  const data = await TarShards.open(pattern, { classes });
  const path = join(folder, "cut-2.tar");
  truncateSync(path, readFileSync(path).length / 2);
  await expect(TarShards.open(pattern, { classes })).rejects.toThrow(/^tar: .*cut-2\.tar\)$/);
  const { model, trainer } = await trained({ inline: false }, { patience: 0 }, { train: data });
  const error = await trainer.fit().catch((thrown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toMatch(/expected \d+ bytes at byte \d+, found \d+ \(.*cut-2\.tar\)$/);
  model.close();
  const notices: string[] = [];
  const skipping = await trained({ inline: false }, { badImages: "skip", onNotice: (text) => notices.push(text), epochs: 1, patience: 0 }, { train: data });
  await skipping.trainer.fit();
  expect(skipping.trainer.usedData.train.length).toBe(24 - notices.length);
  expect(notices).toContainEqual(expect.stringMatching(/^skipped training image cut-2\.tar\/middle\/image 22\.bmp: expected/) as string);
  skipping.model.close();
});

test("memory: the cache is part of what training is said to need, where it can be needed", async () => {
  const memory = async (data: Dataset, options: TrainerOptions) => {
    const { model, trainer } = await trained({ inline: true }, { patience: 0, ...options }, { train: data });
    const { imageCache, process, total, staging, threads } = await trainer.memory();
    expect(process).toBe(total + staging + threads + imageCache);
    model.close();
    return imageCache;
  };
  expect(await memory(train, {})).toBe(limits.imageCacheBytes);
  expect(await memory(train, { imageCache: 1000 })).toBe(1000);
  expect(await memory(train, { epochs: 1 })).toBe(0);
  expect(await memory(train, { epochs: 1, badImages: "skip" })).toBe(limits.imageCacheBytes);
  expect(await memory(tinyData(20), {})).toBe(0);
  const model = await tinyResnet();
  const once = fineTuner(model, { train }, { freezeEpochs: 9, headViews: 1, epochs: 0 });
  expect((await once.memory()).imageCache).toBe(0);
  for (const more of [
    { headViews: 1, epochs: 1 },
    { headViews: 2, epochs: 0 },
  ]) {
    expect((await fineTuner(model, { train }, { freezeEpochs: 9, ...more }).memory()).imageCache).toBe(limits.imageCacheBytes);
  }
  expect(() => new Trainer(model, { train }, { imageCache: -1 })).toThrow("train: imageCache expected a whole number of 0 or more, got -1");
  model.close();
});

const shard = asset("data/tiny-imagenet/val.tar");
test.skipIf(!shard)("real shards: two epochs and their evaluation are those without a cache", async () => {
  const opened = await TarShards.open(shard as string);
  const few = opened.subset(Array.from({ length: 48 }, (_, i) => i * 97));
  const held = opened.subset(Array.from({ length: 40 }, (_, i) => i * 101));
  const files: Buffer[] = [];
  for (const imageCache of [0, limits.imageCacheBytes]) {
    const model = await tinyResnet({ labels: opened.classes, imageSize: 32, inline: false });
    await new Trainer(model, { train: few, validation: held }, { ...settings, imageCache, epochs: 2, batchSize: 16 }).fit();
    files.push(Buffer.from(await model.save()));
    model.close();
  }
  expect(files[1].equals(files[0])).toBe(true);
});
