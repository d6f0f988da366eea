import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.js";
import { atOnce } from "../../src/core/slices.js";
import { ImageList } from "../../src/data/image-list.js";
import * as transforms from "../../src/data/transforms/index.js";
import type { Model } from "../../src/model/model.js";
import { fineTuneSchedule } from "../../src/train/fine-tune-schedule.js";
import { type FineTuneOptions, fineTuner } from "../../src/train/fine-tune.js";
import { hasLinearHead, scaleOf } from "../../src/train/regression.js";
import { Trainer } from "../../src/train/trainer.js";
import { createModel } from "../../src/zoo/create-model.js";
import { classes, tinyCnn, tinyData, tinyItems, tinyResnet } from "./tiny.js";

const regression = { penalty: 1, views: 1 };
const phase = { name: "head", epochs: 60, train: "head", lr: 1, lrMult: 1, schedule: "oneCycle" } as const;

describe("what rate and penalty are in proportion to", () => {
  const random = new Random(1);
  const rows = Array.from({ length: 400 }, () => Float32Array.from([3 + random.uniform(), 1 + 2 * random.uniform(), 5]));

  test("is the features' mean variance and mean square, and two over the largest eigenvalue of their second moments and that square", () => {
    const { variance, rate, square } = atOnce(scaleOf(rows));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = (values: number[]) => mean(values.map((value) => (value - mean(values)) * (value - mean(values))));
    expect(variance).toBeCloseTo(mean([0, 1, 2].map((i) => spread(rows.map((row) => row[i])))), 10);
    const moments = [0, 1, 2].map((i) => [0, 1, 2].map((j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0) / rows.length));
    expect(square).toBeCloseTo(mean([0, 1, 2].map((i) => moments[i][i])), 10);
    const determinant = (x: number) => {
      const [[a, b, c], [d, e, f], [g, h, i]] = moments.map((row, at) => row.map((value, j) => value - (at === j ? x : 0)));
      return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
    };
    const largest = 2 / rate - square;
    expect(determinant(largest * 0.999) * determinant(largest * 1.001)).toBeLessThan(0); // a root lies between
    expect(largest).toBeGreaterThan(moments[0][0] + moments[2][2]);
  });

  test("grows with them as it should, and features that are all nothing have a rate too", () => {
    const [once, thrice] = [1, 3].map((times) => atOnce(scaleOf(rows.map((row) => row.map((value) => times * value)))));
    expect(thrice.variance / once.variance).toBeCloseTo(9, 4);
    expect(once.rate / thrice.rate).toBeCloseTo(9, 4);
    expect(thrice.square / once.square).toBeCloseTo(9, 4);
    expect(atOnce(scaleOf([new Float32Array(4)]))).toEqual({ variance: 0, rate: 1, square: 1 });
  });
});

test("a head is one linear layer on what the backbone gives, or more than that", async () => {
  const linear = ["resnet20", "mobilenetv3_small_100", "ocelli_s"];
  for (const name of [...linear, "squeezenet1_0"]) {
    const model = await createModel(name, { numClasses: 3, imageSize: 64, inline: true });
    expect([name, hasLinearHead(model)]).toEqual([name, linear.includes(name)]);
    model.close();
  }
});

describe("a head that learns as a logistic regression", () => {
  test("comes to where the penalised loss is flat, whatever the scale of the features", async () => {
    const data = tinyData(48);
    for (const factor of [1, 30]) {
      const model = await tinyResnet({ preprocessing: { resize: 8, crop: 8, interpolation: "bilinear", mean: [0.5], std: [0.25 / factor] } });
      const features = await model.embed(await Promise.all(Array.from({ length: 48 }, async (_, i) => (await data.item(i)).image)));
      await new Trainer(model, { train: data }, { batchSize: 16, phases: [{ ...phase, epochs: 300, regression }] }).fit();
      const { variance } = atOnce(scaleOf(features));
      const of = async (name: string) => [...((await model.parameters()).get(name)?.data ?? [])];
      const [weight, bias] = [await of("linear.weight"), await of("linear.bias")];
      const width = features[0].length;
      const slopes = weight.map((value) => regression.penalty * variance * value);
      let size = 0; // of what the slopes are sums of
      features.forEach((row, i) => {
        const logits = bias.map((b, c) => b + row.reduce((sum, value, d) => sum + value * weight[c * width + d], 0));
        const whole = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
        logits.forEach((logit, c) => {
          const error = Math.exp(logit) / whole - Number(i % 3 === c);
          row.forEach((value, d) => {
            slopes[c * width + d] += (error * value) / 48;
            size += ((error * value) / 48) ** 2;
          });
        });
      });
      expect(Math.sqrt(slopes.reduce((sum, slope) => sum + slope * slope, 0)) / Math.sqrt(size)).toBeLessThan(0.02);
      model.close();
    }
  });

  test("takes the same course on features of any size, its bias too", async () => {
    const data = tinyData(46).subset(Array.from({ length: 46 }, (_, i) => i).filter((i) => i % 3 < 2 || i < 12)); // fewer bright ones: a bias has something to learn
    const courseAt = async (factor: number) => {
      const model = await tinyResnet({ preprocessing: { resize: 8, crop: 8, interpolation: "bilinear", mean: [0.5], std: [0.25 / factor] } });
      const trainer = new Trainer(
        model,
        { train: data, validation: data },
        { batchSize: 16, phases: [{ ...phase, epochs: 12, regression: { penalty: 0.1, views: 1 } }] },
      );
      const records = await trainer.fit();
      const bias = (await model.parameters()).get("linear.bias")?.data ?? [];
      model.close();
      return [...records.flatMap(({ loss, validation }) => [loss, validation?.loss as number]), ...bias];
    };
    const [course, ...others] = await Promise.all([1, 0.001, 0.02, 1000].map(courseAt));
    for (const other of others) other.forEach((value, i) => expect(Math.abs(value - course[i])).toBeLessThan(2e-3));
    expect(course[0]).toBeLessThan(Math.log(3)); // what a guess costs
    expect(course[23]).toBeLessThan(0.6 * Math.log(3));
    expect(Math.max(...course.slice(24).map(Math.abs))).toBeGreaterThan(0.05);
  });

  test("begins with the head that a model has where that says something of the images", async () => {
    const data = tinyData(24);
    const model = await tinyResnet();
    const losses = async () => {
      const records = await new Trainer(model, { train: data }, { phases: [{ ...phase, epochs: 30, regression: { penalty: 0.01, views: 1 } }] }).fit();
      return records.map(({ loss }) => loss);
    };
    const [first, second] = [await losses(), await losses()];
    expect(second[0]).toBeLessThan(first[10]);
    model.close();
  });

  test("takes every view of an image once through the backbone, and learns from all of them", async () => {
    const twoClasses = ImageList.from(
      tinyItems(18).filter(({ label }) => label !== "middle"),
      { classes },
    );
    const told: number[] = [];
    const accuracies = async (views: number, epochs: number) => {
      const model = await tinyResnet();
      const { crop, mean, std } = model.preprocessing;
      // The second view of each image is black: nothing can be learnt from it.
      const nothing = [transforms.Resize([8, 8]), transforms.ColorJitter({ brightness: [0, 0] }), transforms.Normalize(mean, std)];
      expect(crop).toBe(8);
      const trainer = new Trainer(
        model,
        { train: twoClasses, validation: tinyData(3) },
        {
          transforms: nothing,
          phases: [{ ...phase, epochs, regression: { penalty: 0.001, views } }],
          onPrepare: ({ done, total }) => told.push(done, total),
        },
      );
      const records = await trainer.fit();
      model.close();
      return records.map(({ accuracy }) => accuracy);
    };
    expect((await accuracies(1, 60)).at(-1)).toBe(1);
    expect(told).toEqual([12, 15, 15, 15]);
    const shown = (await accuracies(2, 60)).slice(-30);
    expect(told.slice(4)).toEqual([12, 27, 24, 27, 27, 27]);
    const mean = shown.reduce((sum, accuracy) => sum + accuracy / 30, 0);
    expect(mean).toBeLessThanOrEqual(0.8); // half of an epoch's images are black, and these get one answer
    expect(mean).toBeGreaterThanOrEqual(0.5);
  });

  test("refuses what it cannot do", async () => {
    const model = await tinyResnet();
    const trainer =
      (of: Model, more: object, options = {}) =>
      () =>
        new Trainer(of, { train: tinyData(6) }, { phases: [{ ...phase, ...more }], ...options });
    expect(trainer(model, { train: "all", regression })).toThrow(
      'train: head: regression: expected train "head" and a head of one linear layer, got "all" in resnet20',
    );
    expect(trainer(model, { regression: { penalty: -1, views: 1 } })).toThrow("train: head: regression: penalty expected a number from 0 to 1000, got -1");
    expect(trainer(model, { regression: { penalty: 0, views: 65 } })).toThrow("train: head: regression: views expected a whole number from 1 to 64, got 65");
    const wrong = { transforms: [transforms.Resize([9, 9]), transforms.Normalize([0.5], [0.5])] };
    await expect(trainer(model, { regression: { ...regression, views: 2 } }, wrong)().fit()).rejects.toThrow(
      "transforms: expected normalised images of 8x8 pixels, got 9x9 pixels, normalised (image 0)",
    );
    model.close();
  });
});

describe("fineTune's schedule", () => {
  const of = (model: Model, images: number, options: FineTuneOptions = {}) => {
    const { phases, ...more } = fineTuneSchedule(model, { train: tinyData(1).subset(new Array(images).fill(0)) }, options);
    return { ...more, epochs: phases.map(({ epochs }) => epochs), views: phases[0].regression?.views, lr: phases[1].lr, lrMult: phases[1].lrMult, phases };
  };

  test("follows from how many images there are", async () => {
    const model = await createModel("resnet20", { pretrained: true, labels: classes, inline: true });
    expect(of(model, 12)).toMatchObject({ epochs: [60, 0], views: 8 });
    expect(of(model, 300)).toMatchObject({ epochs: [40, 20], views: 8 });
    expect(of(model, 3_000)).toMatchObject({ epochs: [16, 7], views: 4 });
    expect(of(model, 30_000)).toMatchObject({ epochs: [16, 5], views: 1 });
    const penalties = [100, 400].map((images) => of(model, images).phases[0].regression?.penalty as number);
    expect(penalties[0] / penalties[1]).toBeCloseTo(2, 10);
    expect(of(model, 300).lr).toBe(2e-3); // of a small backbone
    for (const [images, lr] of [
      [30, 5e-4],
      [60, 1e-3],
      [117, 1.95e-3],
    ]) // with 10, 20 and 39 a class
      expect(of(model, images)).toMatchObject({ epochs: [60, 10], lr: expect.closeTo(lr, 12), lrMult: 10, mixing: undefined });
    expect(of(model, 120)).toMatchObject({ epochs: [60, 20], lr: 2e-3, lrMult: 3, mixing: { cutmix: 1 } });
    for (const options of [{ mixing: false }, { epochs: 9 }] as const) expect(of(model, 120, options)).toMatchObject({ lr: 2e-3, lrMult: 10 });
    expect(of(model, 60).why).toContain(
      "looks at 60 images of 3 classes, within 5 to 10 epochs; and gently, at a rate of 0.0010, since 20.0 images a class are fewer than 40",
    );
    expect(of(model, 60, { baseLr: 0.1, epochs: 12 })).toMatchObject({ lr: 0.1, mixing: undefined, why: expect.not.stringContaining("gently") });
    expect(of(model, 12).why).toContain("4.0 images a class are fewer than 10");
    model.close();
  });

  test("takes what is asked for, and says nothing of that", async () => {
    const model = await createModel("resnet20", { pretrained: true, labels: classes, inline: true });
    const asked = of(model, 12, { epochs: 3, freezeEpochs: 2, headViews: 2, baseLr: 0.5, lrMult: 4 });
    expect(asked).toMatchObject({ epochs: [2, 3], views: 2, lr: 0.5, lrMult: 4, why: "" });
    for (const given of [{ headLr: 0.1 }, { optimizer: "sgd" as const }]) expect(of(model, 12, given).phases[0]).not.toHaveProperty("regression");
    expect(of(model, 12, { headLr: 0.1 }).phases[0].lr).toBe(0.1);
    expect(of(model, 12, { layerDecay: 0.8 }).lrMult).toBe(1);
    model.close();
  });

  test("mixes images where all layers would learn them by heart, and softmax allows it", async () => {
    const model = await createModel("resnet20", { pretrained: true, labels: classes, inline: true });
    const chosen = { mixing: { mixup: 0.2, cutmix: 1 }, labelSmoothing: 0.1 };
    const none = { mixing: undefined, labelSmoothing: undefined };
    const schedule = (images: number, options?: FineTuneOptions) => {
      const { mixing, labelSmoothing, why } = of(model, images, options);
      expect(why.includes("with images mixed (mixup 0.2, cutmix 1)")).toBe(options?.mixing === undefined && mixing !== undefined);
      return { mixing, labelSmoothing };
    };
    for (const options of [{}, { loss: "crossEntropy" }, { loss: { name: "crossEntropy" } }, { epochs: 10 }] as const)
      expect(schedule(300, options)).toEqual(chosen);
    expect(schedule(12)).toEqual(none); // the head alone learns
    expect(schedule(3_000)).toEqual(none); // in 7 epochs
    const teacher = { teacher: model } as FineTuneOptions["distillation"];
    for (const options of [{ epochs: 9 }, { loss: "focal" }, { loss: { name: "binaryCrossEntropy" } }, { distillation: teacher }] as const)
      expect(schedule(300, options)).toEqual(none);
    expect(schedule(300, { labelSmoothing: 0 })).toEqual({ ...chosen, labelSmoothing: 0 });
    expect(schedule(300, { mixing: false })).toEqual({ mixing: false, labelSmoothing: undefined });
    expect(schedule(300, { mixing: { mixup: 1 } })).toEqual({ mixing: { mixup: 1 }, labelSmoothing: undefined });
    const settings = (options: FineTuneOptions) => fineTuner(model, { train: tinyData(120) }, options).settings;
    expect(settings({})).toMatchObject({ mixing: { mixup: 0.2, cutmix: 1, mode: "batch" }, labelSmoothing: 0.1 });
    expect(settings({ mixing: false })).toMatchObject({ mixing: undefined, labelSmoothing: 0 });
    model.close();
  });

  test("trains no head on a backbone that knows nothing, nor as a regression where it is more than one layer", async () => {
    const [untrained, deep] = [await tinyCnn(), await createModel("squeezenet1_0", { labels: classes, imageSize: 64, inline: true })];
    expect(of(untrained, 300)).toMatchObject({ epochs: [0, 50], lrMult: 1 });
    expect(of(deep, 300, { freezeEpochs: 5 }).phases[0]).toMatchObject({ lr: 1e-2 });
    expect(of(deep, 300, { freezeEpochs: 5 }).views).toBeUndefined();
    for (const model of [untrained, deep]) model.close();
  });

  test("is told once, and in the trainer", async () => {
    const model = await tinyResnet();
    const notices: string[] = [];
    const trainer = fineTuner(model, { train: tinyData(6) }, { epochs: 1, onNotice: (notice) => notices.push(notice) });
    await trainer.fit();
    expect(trainer.choice).toBe("no epochs of the head alone, since the backbone has no trained weights that its features could come from");
    expect(notices).toEqual([`fineTune: ${trainer.choice}`]);
    model.close();
  });
});
