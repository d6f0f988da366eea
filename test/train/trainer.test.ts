import { describe, expect, test } from "vitest";
import { ArgumentError, DataError } from "../../src/core/errors.js";
import { ImageList } from "../../src/data/image-list.js";
import * as transforms from "../../src/data/transforms/index.js";
import type { Model } from "../../src/model/model.js";
import { epochSize } from "../../src/train/batches.js";
import type { Augmentation } from "../../src/data/training-transforms.js";
import { fineTuner } from "../../src/train/fine-tune.js";
import type { Phase, Progress, TrainerOptions, TrainingData } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import { createModel } from "../../src/zoo/create-model.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { asset } from "../assets.js";
import { classes, jitter, learned, tinyCnn, tinyData, tinyItems, tinyResnet } from "./tiny.js";

const enough = new Error("enough");
const quick: TrainerOptions = { epochs: 1, batchSize: 8, lr: 0.02, seed: 1 };

/** Names and bits of some kept tensors. */
async function bits(model: Model, pick: (name: string) => boolean): Promise<Map<string, string>> {
  return new Map([...(await model.parameters())].flatMap(([name, { data }]) => (pick(name) ? [[name, Buffer.from(data.buffer).toString("base64")]] : [])));
}
const isStatistic = (name: string) => name.includes(".running_");
const isHead = (name: string) => name.startsWith("linear.");

describe("what a phase leaves alone", () => {
  test("a head phase: every bit of the backbone, running statistics included", async () => {
    const model = await tinyResnet();
    const before = await bits(model, () => true);
    const phases: Phase[] = [{ name: "head", epochs: 2, train: "head", lr: 0.01, lrMult: 1, schedule: "constant" }];
    await new Trainer(model, { train: tinyData(16) }, { ...quick, phases, batchNorm: "train" }).fit();
    const after = await bits(model, () => true);
    for (const [name, data] of after) expect(data === before.get(name), name).toBe(!isHead(name));
    expect(model.batchesTracked).toBe(0);
    model.close();
  });

  test.each(["frozen", "train"] as const)("batch norm %s: running statistics stay or follow; all weights learn", async (batchNorm) => {
    const model = await tinyResnet();
    const before = await model.parameters();
    const statistics = await bits(model, isStatistic);
    const records = await new Trainer(model, { train: tinyData(24) }, { ...quick, epochs: 4, lr: 0.005, batchNorm }).fit();
    expect(
      await learned(
        model,
        before,
        records.map(({ loss }) => loss),
      ),
    ).toEqual([]);
    for (const [name, data] of await bits(model, isStatistic)) expect(data === statistics.get(name), name).toBe(batchNorm === "frozen");
    expect(model.batchesTracked).toBe(batchNorm === "frozen" ? 0 : 12);
    model.close();
  });
});

describe("the choice of batch norm", () => {
  const choice = async (model: Model, options: TrainerOptions = {}) => {
    const notices: string[] = [];
    const trainer = new Trainer(model, { train: tinyData(9) }, { ...quick, ...options, phases: [], onNotice: (notice) => notices.push(notice) });
    await trainer.fit();
    model.close();
    return [trainer.settings.batchNorm, ...notices];
  };
  /** The file of a model that has trained for a step, so that its statistics are not those of the start. */
  const trained = (async () => {
    const model = await tinyResnet();
    await new Trainer(model, { train: tinyData(8) }, quick).fit();
    return model.save();
  })();

  test("weights from the seed: statistics of the batches", async () => {
    expect(await choice(await tinyResnet())).toEqual(["train"]);
    expect(await choice(await tinyResnet(), { batchNorm: "frozen" })).toEqual(["frozen"]);
  });

  test("trained weights and few images: those of the checkpoint, and that is said", async () => {
    const notice = "batch norm keeps the checkpoint's statistics, because 9 training images are fewer than 10000";
    expect(await choice(await loadModel(await trained, { inline: true }))).toEqual(["frozen", notice]);
    expect(await choice(await loadModel(await trained, { inline: true }), { batchNorm: "train" })).toEqual(["train"]);
  });

  test("norms that are the identity are found, said, and frozen whatever is asked", async () => {
    const file = await (await tinyResnet()).save();
    const [mode, notice] = await choice(await loadModel(file, { inline: true }));
    expect([mode, notice]).toEqual(["frozen", "batch norm stays frozen: this checkpoint's norms are the identity, folded into its convolutions"]);
    const [forced, said] = await choice(await loadModel(file, { inline: true }), { batchNorm: "train" });
    expect(forced).toBe("frozen");
    expect(said).toMatch(/; batchNorm: "train" is not possible with it$/);
  });

  const weights = asset("weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors");
  test.skipIf(!weights)("the folded MobileNetV2 of the assets is such a checkpoint", async () => {
    const model = await createModel("mobilenet_v2", { pretrained: weights, labels: classes, options: { padding: "same" }, imageSize: 32, inline: true });
    expect(model.facts.identityNorms).toBe(true);
    expect((await choice(model, { batchNorm: "train" }))[0]).toBe("frozen");
  });
});

describe("early stopping", () => {
  /** Labels that contradict the training images: the better the model learns, the worse it measures. */
  const contrary = ImageList.from(
    tinyItems(9, { seed: 9 }).map((item, i) => ({ ...item, label: classes[(i + 1) % 3] })),
    { classes },
  );

  test("ends after `patience` epochs that were not right more often, nor as often at a lower loss, with the best epoch's weights", async () => {
    const model = await tinyCnn();
    const gray = { ...tinyData(24, { channels: 1 }) };
    const validation = contrary;
    const events: Progress[] = [];
    const options: TrainerOptions = { ...quick, epochs: 12, lr: 1e-3, optimizer: "adamw", patience: 2, onProgress: (event) => events.push(event) };
    const records = await new Trainer(model, { train: gray, validation }, options).fit();
    const losses = records.map(({ validation }) => validation?.loss as number);
    const accuracies = records.map(({ validation }) => validation?.accuracy as number);
    const top = Math.max(...accuracies);
    const best = losses.indexOf(Math.min(...losses.filter((_, i) => accuracies[i] === top)));
    expect(records.length).toBe(best + 3);
    expect(records.length).toBeLessThan(12);
    expect((await model.evaluate(validation, { build: "simd" })).loss).toBe(losses[best]);
    expect(accuracies.at(-1)).toBeLessThanOrEqual(top);
    expect(events.at(-1)).toMatchObject({ endOfEpoch: true, epoch: records.length, epochs: 12 });
    model.close();
  });

  test("ends a phase, not the phases after it", async () => {
    const model = await tinyResnet();
    const trainer = fineTuner(model, { train: tinyData(24), validation: contrary }, { freezeEpochs: 30, epochs: 2, baseLr: 0.05, batchSize: 8, patience: 1 });
    const phases = (await trainer.fit()).map(({ phase }) => phase);
    expect(phases.filter((phase) => phase === "head").length).toBeLessThan(30);
    expect(phases).toContain("all");
    model.close();
  });

  test("needs something to measure on", async () => {
    const model = await tinyCnn();
    expect(() => new Trainer(model, { train: tinyData(9) }, { patience: 2 })).toThrow("train: patience needs validation images to measure on");
    model.close();
  });
});

describe("images that cannot be read", () => {
  const items = tinyItems(12);
  const bad = { ...items[4], image: new Blob([Uint8Array.of(137, 80, 78, 71, 0)]), id: "photos/bright/torn.png" };
  const validationBad = { ...items[1], image: Uint8Array.of(0), id: "photos/val/empty.jpg" };
  const data: TrainingData = {
    train: ImageList.from(items.with(4, bad), { classes }),
    validation: ImageList.from(tinyItems(6).with(1, validationBad), { classes }),
  };

  test('"error" fails and names the file, in either phase and in the validation images', async () => {
    const model = await tinyResnet();
    const kinds: TrainerOptions[] = [{}, { phases: [{ name: "head", epochs: 1, train: "head", lr: 0.1, lrMult: 1, schedule: "constant" }] }];
    for (const options of kinds) await expect(new Trainer(model, data, { ...quick, ...options }).fit()).rejects.toThrow("photos/bright/torn.png");
    await expect(new Trainer(model, { ...data, train: tinyData(8) }, quick).fit()).rejects.toThrow("photos/val/empty.jpg");
    expect(model.session.keptValues().some(({ kind }) => kind === "state")).toBe(false);
    model.close();
  });

  test('"skip" tells each by name and trains on the rest', async () => {
    const model = await tinyResnet();
    const notices: string[] = [];
    const prepared: string[] = [];
    const options: TrainerOptions = {
      ...quick,
      badImages: "skip",
      onNotice: (notice) => notices.push(notice),
      onPrepare: ({ work, done, total }) => prepared.push(`${work} ${done}/${total}`),
    };
    const trainer = new Trainer(model, data, options);
    const [record] = await trainer.fit();
    expect(notices).toEqual([
      expect.stringMatching(/^skipped training image photos\/bright\/torn\.png: /),
      expect.stringMatching(/^skipped validation image photos\/val\/empty\.jpg: /),
    ]);
    expect(prepared).toEqual(["images 12/12", "images 6/6"]);
    expect([trainer.usedData.train.length, trainer.usedData.validation?.length]).toEqual([11, 5]);
    expect(record.validation).toBeDefined();
    model.close();
  });

  test("with none left there is an error", async () => {
    const model = await tinyResnet();
    const none = ImageList.from(
      items.map((item) => ({ ...item, image: Uint8Array.of(0) })),
      { classes },
    );
    await expect(new Trainer(model, { train: none }, { ...quick, badImages: "skip" }).fit()).rejects.toThrow(
      new DataError("train: none of the 12 training images can be read"),
    );
    await expect(new Trainer(model, { train: none.subset([]) }, quick).fit()).rejects.toThrow(new DataError("train: the data set has no images"));
    model.close();
  });
});

describe("the last batch", () => {
  const stepsOf = async (model: Model, count: number, options: TrainerOptions = {}) => {
    const events: Progress[] = [];
    await new Trainer(model, { train: tinyData(count) }, { ...quick, ...options, onProgress: (event) => events.push(event) }).fit();
    model.close();
    return events.length - 1;
  };

  test("of one image is left out where batch norm would measure it alone: 1x1 pixels have no variance at all", async () => {
    expect(await stepsOf(await tinyResnet({ imageSize: 4 }), 17)).toBe(2);
    expect(await stepsOf(await tinyResnet({ imageSize: 4 }), 18)).toBe(3);
  });

  test("is used where statistics are frozen, or there are none, or in a head phase", async () => {
    expect(await stepsOf(await tinyResnet(), 17, { batchNorm: "frozen" })).toBe(3);
    expect(await stepsOf(await tinyCnn(), 17)).toBe(3);
    expect(await stepsOf(await tinyResnet(), 17, { phases: [{ name: "head", epochs: 1, train: "head", lr: 0.1, lrMult: 1, schedule: "constant" }] })).toBe(3);
  });

  test("batches of one by choice are all used", () => {
    expect(epochSize(17, 1, { dropSingle: true })).toEqual({ batches: 17, images: 17 });
    expect(epochSize(1, 8, { dropSingle: true })).toEqual({ batches: 1, images: 1 });
    expect(epochSize(9, 8, { dropSingle: true })).toEqual({ batches: 1, images: 8 });
    expect(epochSize(9, 8, { dropSingle: false })).toEqual({ batches: 2, images: 9 });
    expect(epochSize(16, 8, { dropSingle: true })).toEqual({ batches: 2, images: 16 });
  });
});

test("progress: every step and every end of an epoch, once and in order, the sums from zero in each", async () => {
  const model = await tinyResnet();
  const events: Progress[] = [];
  const data = { train: tinyData(20), validation: tinyData(5, { seed: 3 }) };
  const records = await fineTuner(model, data, { freezeEpochs: 2, epochs: 2, batchSize: 8, onProgress: (event) => events.push(event) }).fit();
  expect(events.map(({ step, endOfEpoch }) => (endOfEpoch ? "end" : step))).toEqual([1, 2, 3, "end", 4, 5, 6, "end", 7, 8, 9, "end", 10, 11, 12, "end"]);
  expect(events.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]);
  for (const { step, steps, epochs, loss, accuracy, imagesPerSecond, waiting, eta, phase, epoch, validation, endOfEpoch } of events) {
    expect([steps, epochs]).toEqual([12, 4]);
    expect(phase).toBe(epoch <= 2 ? "head" : "all");
    expect(loss).toBeGreaterThan(0);
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(accuracy).toBeLessThanOrEqual(1);
    expect(imagesPerSecond).toBeGreaterThan(0);
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThan(1);
    expect(eta > 0).toBe(step < steps); // the second phase counts in the first
    expect(validation === undefined).toBe(!endOfEpoch);
  }
  const ends = events.filter(({ endOfEpoch }) => endOfEpoch);
  expect(records).toEqual(
    ends.map(({ phase, epoch, loss, accuracy, validation, imagesPerSecond, waiting }) => ({
      phase,
      epoch,
      loss,
      accuracy,
      validation,
      imagesPerSecond,
      waiting,
    })),
  );
  expect(ends.map(({ validation }) => Object.keys(validation ?? {}))).toEqual(ends.map(() => ["loss", "accuracy"]));
  expect((await model.evaluate(data.validation, { build: "simd" })).accuracy).toBe(ends[3].validation?.accuracy);
  model.close();
});

test("fineTune keeps at least half of each image, unless another share is asked for", async () => {
  const model = await tinyResnet();
  const crop = (augmentation: Augmentation | undefined) => fineTuner(model, { train: tinyData(6) }, { augmentation }).settings.transforms[0];
  expect(crop(undefined)).toMatchObject({ name: "RandomResizedCrop", scale: [0.5, 1] });
  expect(crop({ scale: undefined, flip: 0 })).toEqual(crop(undefined));
  expect(crop({ scale: [0.2, 1] })).toMatchObject({ scale: [0.2, 1] });
  model.close();
});

describe("what goes wrong", () => {
  test("a loss that is no number ends the training with advice, and the model can be used again", async () => {
    const model = await tinyResnet();
    await expect(new Trainer(model, { train: tinyData(24) }, { ...quick, epochs: 9, lr: 1000, momentum: 1 }).fit()).rejects.toThrow(
      /^train: the loss became (NaN|Infinity) at step \d+; use a smaller learning rate, or maxNorm to clip gradients$/,
    );
    await model.initialize(1);
    expect(await new Trainer(model, { train: tinyData(24) }, quick).fit()).toHaveLength(1);
    // The last step of all, whose weights only validation sees.
    const lastStep = { ...quick, epochs: 1, batchSize: 24, lr: 1000, weightDecay: 1, optimizer: { name: "adamw", eps: 0 } } as const;
    await expect(new Trainer(model, { train: tinyData(24), validation: tinyData(12) }, lastStep).fit()).rejects.toThrow("the loss became NaN at step 1;");
    model.close();
  });

  test("an abort is heard in workers and inline, throws its reason and leaves no promise unheard", async () => {
    const unheard: unknown[] = [];
    const listen = (reason: unknown) => unheard.push(reason);
    process.on("unhandledRejection", listen);
    for (const inline of [true, false]) {
      for (const at of [1, 3]) {
        const model = await tinyResnet({ inline, threads: 2 });
        const stop = new AbortController();
        const options = {
          ...quick,
          epochs: 2,
          transforms: jitter(model),
          signal: stop.signal,
          onProgress: ({ step }: Progress) => step === at && stop.abort(enough),
        };
        await expect(new Trainer(model, { train: tinyData(24) }, options).fit()).rejects.toBe(enough);
        await expect(new Trainer(model, { train: tinyData(24) }, { ...quick, signal: AbortSignal.abort() }).fit()).rejects.toThrow(/aborted/);
        model.close();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("unhandledRejection", listen);
    expect(unheard).toEqual([]);
  });

  test("an error of the caller's own callback comes back as it is, and the model can be used again", async () => {
    const model = await tinyResnet();
    const own = new TypeError("mine");
    const onProgress = () => {
      throw own;
    };
    await expect(new Trainer(model, { train: tinyData(8) }, { ...quick, onProgress }).fit()).rejects.toBe(own);
    expect(await new Trainer(model, { train: tinyData(8) }, quick).fit()).toHaveLength(1);
    model.close();
  });

  test("a model learns from one trainer at a time, and no trainer goes on after an error without what its optimiser knew", async () => {
    const model = await tinyResnet();
    let calls = 0;
    const onProgress = () => {
      if (++calls === 2) throw new TypeError("mine");
    };
    const train = tinyData(24);
    const failing = new Trainer(model, { train }, { ...quick, onProgress });
    const fitting = failing.fit();
    await expect(failing.fit()).rejects.toThrow("train: this model is being trained already");
    await expect(new Trainer(model, { train }, quick).fit()).rejects.toThrow("train: this model is being trained already");
    await expect(fitting).rejects.toThrow("mine");
    await expect(failing.fit()).rejects.toThrow("train: an error has stopped this trainer; make a new one, which can resume its checkpoint");
    const done = new Trainer(model, { train }, quick);
    const records = await done.fit();
    expect(await done.fit()).toEqual(records);
    model.close();
  });

  test("transforms that do not give the network's input are refused, naming the image", async () => {
    const model = await tinyResnet();
    const train = (pipeline: transforms.Pipeline) => new Trainer(model, { train: tinyData(8) }, { ...quick, transforms: pipeline }).fit();
    await expect(train([transforms.Normalize([0.5], [0.5])])).rejects.toThrow(
      /^transforms: expected normalised images of 8x8 pixels, got 10x10 pixels, normalised \(image \d+\)/,
    );
    await expect(train([transforms.CenterCrop(8)])).rejects.toThrow(/got 8x8 pixels, not normalised/);
    model.close();
  });

  test("classes that the model does not know are refused before anything runs", async () => {
    const model = await tinyResnet({ labels: ["dark", "middle"] });
    expect(() => new Trainer(model, { train: tinyData(9) })).toThrow('class "bright" is not among the model\'s labels: dark, middle');
    model.close();
  });

  test.each<[TrainerOptions, string]>([
    [{ batchSize: 0 }, "train: batchSize expected a whole number from 1 to 65536, got 0"],
    [{ epochs: 1.5 }, "train: all: epochs expected a whole number from 0 to 100000, got 1.5"],
    [{ lr: -1 }, "train: all: lr expected a number from 0 to 1000, got -1"],
    [{ lr: Number.NaN }, "train: all: lr expected a number from 0 to 1000, got NaN"],
    [{ momentum: 2 }, "train: momentum expected a number from 0 to 1, got 2"],
    [{ labelSmoothing: 1.1 }, "train: labelSmoothing expected a number from 0 to 1, got 1.1"],
    [{ seed: -1 }, "train: seed expected a whole number"],
    [{ optimizer: "lion" as "sgd" }, 'train: optimizer expected sgd or adamw or lamb or rmsprop or rmsproptf, got "lion"'],
    [
      { schedule: "linear" as "cosine" },
      'train: all: schedule expected constant or cosine or oneCycle or exponential or step or multiStep or plateau, got "linear"',
    ],
    [{ badImages: "ignore" as "skip" }, 'train: badImages expected error or skip, got "ignore"'],
    [{ batchNorm: "off" as "train" }, 'train: batchNorm expected frozen or train, got "off"'],
    [{ nesterov: true, momentum: 0 }, "train: nesterov needs a momentum above 0"],
  ])("option %o", async (options, message) => {
    const model = await tinyCnn();
    expect(() => new Trainer(model, { train: tinyData(9) }, options)).toThrow(ArgumentError);
    expect(() => new Trainer(model, { train: tinyData(9) }, options)).toThrow(message);
    model.close();
  });
});
