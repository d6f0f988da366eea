import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../src/core/errors.js";
import type { Dataset } from "../../src/data/dataset.js";
import { ImageList } from "../../src/data/image-list.js";
import { openSafetensors, saveSafetensors, type TensorToWrite } from "../../src/formats/safetensors/index.js";
import type { Model } from "../../src/model/model.js";
import { fineTuner } from "../../src/train/fine-tune.js";
import type { EpochRecord, Phase, TrainerOptions, TrainingData } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import "../harness/kernels.js"; // Lets Node 20 run relaxed SIMD.
import { classes, jitter, tinyCnn, tinyData, tinyItems, tinyResnet } from "./tiny.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-resume-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `checkpoint-${files++}`);

const enough = new Error("enough");

interface Kind {
  make(): Promise<Model>;
  data: TrainingData;
  options: TrainerOptions;
}

const sgd: Kind = {
  make: () => tinyResnet({ seed: 3 }),
  data: { train: tinyData(21), validation: tinyData(6, { seed: 9 }) },
  options: { epochs: 3, batchSize: 8, seed: 5, lr: 0.02, optimizer: "sgd", batchNorm: "train", patience: 3 },
};
const adamw: Kind = {
  make: () => tinyCnn({ seed: 3 }),
  data: { train: tinyData(21, { channels: 1 }) },
  options: { epochs: 3, batchSize: 8, seed: 5, lr: 1e-3, optimizer: "adamw", schedule: "cosine" },
};

/** What a recipe may have besides: averages, added-up gradients, a rate that falls on plateaus, and all that is drawn. */
const lamb: Kind = {
  ...sgd,
  options: {
    ...sgd.options,
    patience: 0,
    optimizer: { name: "lamb", trustClip: true },
    ema: { decay: 0.8 },
    schedule: { name: "plateau", patience: 0, factor: 0.5, threshold: 0.5 },
    dropPathRate: 0.5,
    sampling: "balanced",
    classWeights: [1, 2, 0.5],
  },
};
const rmsprop: Kind = {
  ...adamw,
  data: { train: tinyData(21, { channels: 1 }), validation: tinyData(6, { channels: 1, seed: 9 }) },
  options: {
    ...adamw.options,
    optimizer: "rmsproptf",
    accumulate: 2,
    loss: "focal",
    ema: { warmup: true },
    patience: 2,
    dropRate: 0.3,
    layerDecay: 0.7,
    schedule: { name: "step", every: 1, gamma: 0.5, warmup: { steps: 2 } },
  },
};

type Make = (kind: Kind, options: TrainerOptions) => Promise<{ trainer: Trainer; model: Model }>;
const newTrainer: Make = async ({ make, data, options }, more) => {
  const model = await make();
  return { model, trainer: new Trainer(model, data, { transforms: jitter(model), ...options, ...more }) };
};

/** Trains to the end and gives the model file and the records, without what the clock says. */
async function finish({ trainer, model }: { trainer: Trainer; model: Model }): Promise<{ file: Uint8Array; records: object[] }> {
  const records = withoutClock(await trainer.fit());
  const file = await model.save();
  model.close();
  return { file, records };
}

type Result = Awaited<ReturnType<typeof finish>>;
function expectSame({ file, records }: Result, other: Result): void {
  expect(records).toEqual(other.records);
  expect(Buffer.compare(file, other.file)).toBe(0);
}

const withoutClock = (records: readonly EpochRecord[]) => records.map(({ imagesPerSecond: _, waiting: __, ...record }) => record);

/** Trains until `interrupt` aborts, and then on in a new model from the checkpoint. */
async function interrupted(kind: Kind, interrupt: (stop: () => void) => { options?: TrainerOptions; data?: TrainingData }, make = newTrainer) {
  const checkpoint = newFile();
  const controller = new AbortController();
  const { options, data = kind.data } = interrupt(() => controller.abort(enough));
  const first = await make({ ...kind, data }, { ...options, checkpoint, signal: controller.signal });
  await expect(first.trainer.fit()).rejects.toBe(enough);
  expect(first.model.session.keptValues().filter(({ kind }) => kind === "state")).toEqual([]);
  first.model.close();
  const second = await make(kind, { checkpoint: newFile() });
  await second.trainer.resume(checkpoint);
  const file = await openSafetensors(checkpoint);
  await file.close();
  const { cursor } = JSON.parse(file.metadata.get("ocelli.trainer") as string);
  return { ...(await finish(second)), cursor };
}

/** What the interrupted runs have to end in. */
const wholeSgd = newTrainer(sgd, {}).then(finish);

/** Aborts after so many steps. */
const afterStep = (step: number) => (stop: () => void) => ({ options: { onProgress: (progress: { step: number }) => progress.step >= step && stop() } });
/** Aborts when an image of the data set is asked for the n-th time. */
function afterItems(data: Dataset, count: number, stop: () => void): Dataset {
  let asked = 0;
  const wrap = (inner: Dataset): Dataset => ({
    classes: inner.classes,
    length: inner.length,
    subset: (indices) => wrap(inner.subset(indices)),
    item(index) {
      if (++asked === count) stop();
      return inner.item(index);
    },
  });
  return wrap(data);
}

describe.each([
  ["resnet20, sgd, batch norm in training mode, early stopping on", sgd, wholeSgd],
  ["small_cnn, adamw, dropout", adamw, newTrainer(adamw, {}).then(finish)],
  ["resnet20, lamb, averages, plateaus, stochastic depth, balanced classes", lamb, newTrainer(lamb, {}).then(finish)],
  ["small_cnn, rmsproptf, two batches a step, focal loss, averages, early stopping", rmsprop, newTrainer(rmsprop, {}).then(finish)],
])("%s", (_, kind, whole) => {
  test.each([
    ["in the middle of the first epoch", 2, { phase: 0, epoch: 0, batch: 2, phaseStep: 2, step: 2 }],
    ["in the middle of the second epoch", 4, { phase: 0, epoch: 1, batch: 1, phaseStep: 4, step: 4 }],
    ["before the last step", 8, { phase: 0, epoch: 2, batch: 2, phaseStep: 8, step: 8 }],
  ])("stopped %s and resumed, it ends in the same file and records", async (_, step, cursor) => {
    const { file, records, cursor: found } = await interrupted(kind, afterStep(step));
    expect(found).toEqual(cursor);
    expect(records).toEqual((await whole).records);
    expect(Buffer.compare(file, (await whole).file)).toBe(0);
  });

  test("stopped at the end of an epoch, it ends in the same file", async () => {
    const atEnd = (stop: () => void) => ({
      options: { onProgress: ({ endOfEpoch, epoch }: { endOfEpoch: boolean; epoch: number }) => endOfEpoch && epoch === 2 && stop() },
    });
    const { file, cursor } = await interrupted(kind, atEnd);
    expect(cursor).toEqual({ phase: 0, epoch: 2, batch: 0, phaseStep: 6, step: 6 });
    expect(Buffer.compare(file, (await whole).file)).toBe(0);
  });

  test("stopped while a batch is being prepared, the batch is trained after resuming", async () => {
    const { file } = await interrupted(kind, (stop) => ({ data: { ...kind.data, train: afterItems(kind.data.train, 30, stop) } }));
    expect(Buffer.compare(file, (await whole).file)).toBe(0);
  });
});

test("stopped while measuring on the validation images, it measures them after resuming", async () => {
  const whole = await wholeSgd;
  const validation = sgd.data.validation as Dataset;
  const { file, records, cursor } = await interrupted(sgd, (stop) => ({ data: { ...sgd.data, validation: afterItems(validation, 8, stop) } }));
  expect(cursor).toEqual({ phase: 0, epoch: 1, batch: 3, phaseStep: 6, step: 6 });
  expect(records).toEqual(whole.records);
  expect(Buffer.compare(file, whole.file)).toBe(0);
});

test("stopped twice, the second time before anything was done, and in a file of another name", async () => {
  const whole = await wholeSgd;
  const [one, two] = [newFile(), newFile()];
  const stop = new AbortController();
  const first = await newTrainer(sgd, { checkpoint: one, signal: stop.signal, ...afterStep(4)(() => stop.abort(enough)).options });
  await expect(first.trainer.fit()).rejects.toBe(enough);
  const second = await newTrainer(sgd, { checkpoint: two, signal: AbortSignal.abort(enough) });
  await second.trainer.resume(one);
  await expect(second.trainer.fit()).rejects.toBe(enough);
  expect(readFileSync(two).equals(readFileSync(one))).toBe(true);
  const third = await newTrainer(sgd, {});
  await third.trainer.resume(two);
  expect(Buffer.compare((await finish(third)).file, whole.file)).toBe(0);
});

describe("fineTune", () => {
  const kind: Kind = {
    make: () => tinyResnet({ seed: 3 }),
    data: { train: tinyData(21), validation: tinyData(6, { seed: 9 }) },
    options: { batchSize: 8, seed: 5, patience: 2 },
  };
  const make: Make = async ({ make, data, options }, more) => {
    const model = await make();
    return { model, trainer: fineTuner(model, data, { ...options, ...more, epochs: 2, freezeEpochs: 3, baseLr: 0.01 }) };
  };
  const whole = make(kind, {}).then(finish);

  test.each([
    ["in the head phase", afterStep(4), { phase: 0, epoch: 1, batch: 1, phaseStep: 4, step: 4 }],
    ["before the last look at the validation images in the head phase", afterStep(9), { phase: 0, epoch: 2, batch: 3, phaseStep: 9, step: 9 }],
    [
      "between the phases",
      (stop: () => void) => ({
        options: { onProgress: ({ endOfEpoch, epoch }: { endOfEpoch: boolean; epoch: number }) => endOfEpoch && epoch === 3 && stop() },
      }),
      { phase: 1, epoch: 0, batch: 0, phaseStep: 0, step: 9 },
    ],
    ["in the phase of all layers", afterStep(11), { phase: 1, epoch: 0, batch: 2, phaseStep: 2, step: 11 }],
    [
      "while features are computed",
      (stop: () => void) => ({ options: { onPrepare: ({ done }: { done: number }) => done > 0 && stop() } }),
      { phase: 0, epoch: 0, batch: 0, phaseStep: 0, step: 0 },
    ],
  ])("stopped %s and resumed, it ends in the same file", async (_, interrupt, cursor) => {
    const { file, records, cursor: found } = await interrupted(kind, interrupt, make);
    expect(found).toEqual(cursor);
    expect(records).toEqual((await whole).records);
    expect(Buffer.compare(file, (await whole).file)).toBe(0);
  });
});

test("a finished training resumes to its end at once, with the best weights", async () => {
  const checkpoint = newFile();
  const whole = await finish(await newTrainer(sgd, { checkpoint }));
  const again = await newTrainer(sgd, { onProgress: () => expect.unreachable() });
  await again.trainer.resume(checkpoint);
  expectSame(await finish(again), whole);
});

test("skipped images: resumes to the same file, and refuses when other images can be read than before", async () => {
  const items = tinyItems(14);
  const broken = [3, 8].map((i) => ({ ...items[i], image: Uint8Array.of(1, 2, 3) }));
  const data = (bad: typeof broken) => ({
    train: ImageList.from(
      items.map((item) => bad.find(({ id }) => id === item.id) ?? item),
      { classes },
    ),
  });
  const kind: Kind = { ...sgd, data: data(broken), options: { ...sgd.options, patience: 0, badImages: "skip" } };
  const whole = await finish(await newTrainer(kind, {}));
  const { file, cursor } = await interrupted(kind, afterStep(3));
  expect(cursor).toEqual({ phase: 0, epoch: 1, batch: 1, phaseStep: 3, step: 3 });
  expect(Buffer.compare(file, whole.file)).toBe(0);

  const checkpoint = newFile();
  await finish(await newTrainer(kind, { checkpoint }));
  const repaired = await newTrainer({ ...kind, data: data(broken.slice(1)) }, {});
  await repaired.trainer.resume(checkpoint);
  await expect(repaired.trainer.fit()).rejects.toThrow("resume: the checkpoint was trained on 12 readable images, this data set has 13");
});

describe("a checkpoint of something else is refused", () => {
  const checkpoint = newFile();
  const stop = new AbortController();
  const ready = newTrainer(sgd, { checkpoint, signal: stop.signal, ...afterStep(2)(() => stop.abort(enough)).options }).then(async ({ trainer }) =>
    trainer.fit().catch(() => {}),
  );

  const phase: Phase = { name: "all", epochs: 4, train: "all", lr: 0.02, lrMult: 1, schedule: "oneCycle" };
  test.each<[string, Partial<Kind>, new (message: string) => Error, RegExp]>([
    ["batch size", { options: { ...sgd.options, batchSize: 7 } }, ArgumentError, /was trained with batchSize 8, expected 7/],
    ["epochs", { options: { ...sgd.options, phases: [phase] } }, ArgumentError, /was trained with phases \[.*"epochs":3.*expected \[.*"epochs":4/],
    ["optimiser", { options: { ...sgd.options, optimizer: "lamb" } }, ArgumentError, /was trained with optimizer "sgd", expected "lamb"/],
    ["averages", { options: { ...sgd.options, ema: true } }, ArgumentError, /was trained with ema undefined, expected {"decay":0.9999,/],
    ["accumulation", { options: { ...sgd.options, accumulate: 2 } }, ArgumentError, /was trained with accumulate undefined, expected 2/],
    ["loss", { options: { ...sgd.options, loss: "focal" } }, ArgumentError, /was trained with loss undefined, expected {"name":"focal","gamma":2}/],
    ["augmentation", { options: { ...sgd.options, transforms: [] } }, ArgumentError, /was trained with transforms/],
    ["number of images", { data: { ...sgd.data, train: tinyData(20) } }, DataError, /was trained on 21 images, this data set has 20/],
    [
      "classes",
      { data: { ...sgd.data, train: ImageList.from(tinyItems(21), { classes: [...classes].reverse() }) } },
      DataError,
      /classes are dark, middle, bright; this data set's are bright, middle, dark/,
    ],
    [
      "network",
      { make: () => tinyCnn({ preprocessing: undefined }) },
      FormatError,
      /does not fit small_cnn, in the checkpoint .*1 of another shape: conv1\.weight expected \[32,1,3,3\], found \[16,3,3,3\]/,
    ],
    [
      "preprocessing",
      { make: () => tinyResnet({ seed: 3, imageSize: 12 }), options: { ...sgd.options, transforms: [] } },
      ArgumentError,
      /transforms|preprocessing/,
    ],
    [
      "build",
      { options: { ...sgd.options, build: "relaxed" } },
      ArgumentError,
      /was trained in build "simd", expected "relaxed"; go on with { build: "simd" }/,
    ],
  ])("%s", async (_, other, kind, message) => {
    await ready;
    const { trainer, model } = await newTrainer({ ...sgd, ...other }, {});
    const before = await model.save();
    const error = await trainer.resume(checkpoint).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(checkpoint);
    expect(Buffer.compare(await model.save(), before)).toBe(0);
    model.close();
  });

  test.each<[string, (metadata: Map<string, string>, tensors: TensorToWrite[]) => void, RegExp]>([
    ["no training state", (metadata) => metadata.delete("ocelli.trainer"), /the file holds a model but no training state/],
    ["no JSON", (metadata) => metadata.set("ocelli.trainer", "{"), /the training state is not readable JSON/],
    ["another version", (metadata) => metadata.set("ocelli.trainer", '{"version":9}'), /training state of version 9, expected 1/],
    ["another form", (metadata) => metadata.set("ocelli.trainer", '{"version":1,"cursor":{"phase":-1}}'), /the training state has an unexpected form/],
    [
      "missing weights",
      (_, tensors) =>
        tensors.splice(
          tensors.findIndex(({ name }) => name === "linear.bias"),
          1,
        ),
      /1 missing: linear\.bias \[3\]/,
    ],
    [
      "missing optimiser state",
      (_, tensors) =>
        tensors.splice(
          tensors.findIndex(({ name }) => name === "optimizer.momentum.linear.bias"),
          1,
        ),
      /1 missing: optimizer\.momentum\.linear\.bias \[3\]/,
    ],
  ])("damaged: %s", async (_, damage, message) => {
    await ready;
    const file = await openSafetensors(checkpoint);
    const metadata = new Map(file.metadata);
    metadata.delete("ocelli.sha256");
    const tensors: TensorToWrite[] = [];
    for (const name of file.tensors.keys()) tensors.push({ name, ...(await file.read(name)) });
    await file.close();
    damage(metadata, tensors);
    const path = newFile();
    await saveSafetensors(path, tensors, metadata);
    const { trainer, model } = await newTrainer(sgd, {});
    const error = await trainer
      .resume(path)
      .then(() => trainer.fit())
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(message);
    model.close();
  });

  test("truncated: the checkpoint before it is beside it", async () => {
    await ready;
    const path = newFile();
    writeFileSync(path, readFileSync(checkpoint).subarray(0, -100));
    const { trainer, model } = await newTrainer(sgd, {});
    await expect(trainer.resume(path)).rejects.toThrow(FormatError);
    await expect(trainer.resume(newFile())).rejects.toThrow(/cannot open .*: there is no such file/);
    model.close();
    const twice = newFile();
    await finish(await newTrainer(sgd, { checkpoint: twice }));
    expect(existsSync(`${twice}.previous`)).toBe(true);
    const back = await newTrainer(sgd, {});
    await back.trainer.resume(`${twice}.previous`);
    expectSame(await finish(back), await wholeSgd);
  });
});
