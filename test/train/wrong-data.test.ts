import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, DataError } from "../../src/core/errors.js";
import type { Dataset, Item } from "../../src/data/dataset.js";
import { splitDataset } from "../../src/data/split.js";
import { quantize } from "../../src/model/quantize.js";
import type { Model } from "../../src/model/model.js";
import { fineTune } from "../../src/train/fine-tune.js";
import { Trainer } from "../../src/train/trainer.js";
import { calibrate, mistakes } from "../../src/vision/index.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { classes, tinyCnn, tinyData } from "./tiny.js";

let model: Model;
beforeAll(async () => {
  model = await tinyCnn();
});
afterAll(() => model.close());

describe("a data set of one's own, one of whose labels is none", () => {
  const good = tinyData(6);
  /** The fourth image has this label. */
  const wrong = (label: unknown): Dataset => ({
    ...good,
    item: async (index) => ({ ...(await good.item(index)), ...(index === 3 && { label: label as number }) }) as Item,
  });
  const quick = { epochs: 1, batchSize: 4, lr: 0.01 } as const;
  const uses: Record<string, (data: Dataset) => Promise<unknown>> = {
    "training all layers": (train) => new Trainer(model, { train }, quick).fit(),
    "training the head": (train) => fineTune(model, { train }, { freezeEpochs: 1, epochs: 0 }),
    "balanced training": (train) => new Trainer(model, { train }, { ...quick, sampling: "balanced" }).fit(),
    validation: (validation) => new Trainer(model, { train: good, validation }, quick).fit(),
    evaluate: (data) => model.evaluate(data),
    calibrate: (data) => calibrate(model, data),
    mistakes: (data) => mistakes(model, data),
    splitDataset: (data) => splitDataset(data, { validation: 0.5 }),
  };
  test.each(Object.entries(uses))("%s names the image, the label and the classes", async (_, use) => {
    for (const [label, found] of [
      [7, "7"],
      [-1, "-1"],
      [1.5, "1.5"],
      ["dark", '"dark"'],
      ["1", '"1"'],
      [undefined, "nothing"],
    ])
      await expect(use(wrong(label))).rejects.toThrow(
        new DataError(`data set: item 3 (image 3) has label ${found}, expected the index of one of its ${classes.length} classes`),
      );
  });
});

test("weights that are kept may have a class name twice, as ImageNet has", async () => {
  const file = await model.save();
  const named = await loadModel(file, { labels: ["crane", "crane", "crate"], inline: true });
  expect(named.labels).toEqual(["crane", "crane", "crate"]);
  named.close();
});

describe("what is not what a call takes", () => {
  const data = tinyData(6);
  const split = { train: data, validation: data, classes };
  const dataSet = "expected a data set, such as the validation of what ImageFolder.open gives, got";
  const parts = "expected { train, validation }, as ImageFolder.open gives, got";
  const any = <T>(value: unknown) => value as T;
  const calls: [string, () => Promise<unknown>][] = [
    [`evaluate: ${dataSet} one split in two: give its train or its validation`, () => model.evaluate(any(split))],
    [`evaluate: ${dataSet} "photos"`, () => model.evaluate(any("photos"))],
    [`calibrate: ${dataSet} one split in two: give its train or its validation`, () => calibrate(model, any(split))],
    [`calibrate: examples: ${dataSet} a list of 0`, () => calibrate(model, data, { examples: any([]) })],
    [`mistakes: ${dataSet} nothing`, () => mistakes(model, any(undefined))],
    [`quantize: ${dataSet} "photos"`, () => quantize(model, any("photos"))],
    [`fineTune: ${parts} "photos"`, () => fineTune(model, any("photos"))],
    [`fineTune: ${parts} nothing`, () => fineTune(model, any(undefined))],
    [`fineTune: ${parts} one data set: splitDataset divides it, { train: data } learns from all of it`, () => fineTune(model, any(data))],
    [`train: ${parts} an object`, async () => new Trainer(model, any({}))],
    ["loadModel: expected a path, a URL, a Blob, bytes or { store, name }, got nothing", () => loadModel(any(undefined))],
    ["loadModel: expected a path, a URL, a Blob, bytes or { store, name }, got an object", () => loadModel(any({}))],
    ["setParameters: expected a Map of tensors by name, got an object", () => model.setParameters(any({}))],
    ['createModel: class "a" is given twice', () => tinyCnn({ labels: ["a", "b", "a"] })],
    ['createModel: labels expected a list of names, got "cat"', () => tinyCnn({ labels: any("cat") })],
    ['replaceHead: labels expected a list of names, got "cat"', () => model.replaceHead(any("cat"))],
    ["replaceHead: labels expected a list of names, got a list of others", () => model.replaceHead(any(["a", 1]))],
    ['replaceHead: class "a" is given twice', () => model.replaceHead(["a", "a"])],
    ["seed: expected a whole number of 0 or more, got NaN", () => tinyCnn({ seed: Number.NaN })],
    ["seed: expected a whole number of 0 or more, got -1", () => model.replaceHead(2, { seed: -1 })],
    ["image: expected a path, URL, Blob, bytes, pixels or a picture of the page, got undefined (image)", () => model.classify(any(undefined))],
    ["train: maxNorm expected a number of 0 or more, got -1", async () => new Trainer(model, { train: data }, { maxNorm: -1 })],
  ];
  test.each(calls)("%s", async (message, call) => {
    await expect(call()).rejects.toThrow(new ArgumentError(message));
  });
});
