import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ImageList } from "../../src/data/image-list.js";
import { openSafetensors } from "../../src/formats/safetensors/index.js";
import type { Model } from "../../src/model/model.js";
import type { Phase, TrainerOptions, TrainingData } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { classes, jitter, tinyCnn, tinyData, tinyItems, tinyResnet } from "./tiny.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-recipe-"));
afterAll(() => rmSync(folder, { recursive: true }));

const grey = { train: tinyData(21, { channels: 1 }), validation: tinyData(6, { channels: 1, seed: 9 }) };
const colour = { train: tinyData(21), validation: tinyData(6, { seed: 9 }) };

/** Trains a model and gives its weights and records. */
async function train(options: TrainerOptions, data: TrainingData = grey, make: () => Promise<Model> = () => tinyCnn({ seed: 3 })) {
  const model = await make();
  const records = await new Trainer(model, data, { epochs: 2, batchSize: 8, seed: 5, lr: 0.01, transforms: jitter(model), ...options }).fit();
  const weights = new Map([...(await model.parameters())].map(([name, { data }]) => [name, data]));
  const kept = model.session.keptValues().filter(({ kind }) => kind === "state");
  model.close();
  expect(kept).toEqual([]); // nothing of training is left
  return { weights, records };
}
type Weights = ReadonlyMap<string, Float32Array>;

function expectClose(found: Weights, expected: Weights, start: Weights): void {
  for (const [name, values] of expected) {
    const moved = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (start.get(name) as Float32Array)[i])), 0);
    const error = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (found.get(name) as Float32Array)[i])), 0);
    expect(moved, name).toBeGreaterThan(0);
    expect(error / moved, `${name}: error over the way that it went`).toBeLessThan(1e-3);
  }
}

describe("accumulate", () => {
  const start = train({ epochs: 0 });
  const without = { dropRate: 0 } as const;
  test.each<[string, TrainerOptions]>([
    ["sgd", { optimizer: "sgd" }],
    ["adamw, gradients clipped, classes weighed, smoothed", { optimizer: "adamw", lr: 1e-3, maxNorm: 0.1, classWeights: [3, 1, 0.2], labelSmoothing: 0.1 }],
    ["binary cross-entropy, averages", { optimizer: "sgd", loss: "binaryCrossEntropy", ema: { decay: 0.5 } }],
  ])("%s: 3 batches of 4 are one of 12, and what is left at the end of an epoch is too", async (_, options) => {
    const whole = await train({ ...without, ...options, batchSize: 12 });
    const parts = await train({ ...without, ...options, batchSize: 4, accumulate: 3 });
    const { weights } = await start;
    expectClose(parts.weights, whole.weights, weights);
    if (!options.classWeights) parts.records.forEach(({ loss }, i) => expect(loss).toBeCloseTo(whole.records[i].loss, 4));
    const other = await train({ ...without, ...options, batchSize: 4 });
    expect(() => expectClose(other.weights, whole.weights, weights)).toThrow("error over the way");
  });
});

describe("averages", () => {
  const constant = { schedule: "constant", optimizer: "sgd" } as const;

  test("with a decay of 0 are the weights, to the bit", async () => {
    const averaged = await train({ ...constant, ema: { decay: 0 }, batchNorm: "train" }, colour, () => tinyResnet({ seed: 3 }));
    const plain = await train({ ...constant, batchNorm: "train" }, colour, () => tinyResnet({ seed: 3 }));
    expect(averaged.weights).toEqual(plain.weights);
  });

  test("with a decay of 1 stay where the first step was, and are what is measured and saved, running statistics too", async () => {
    const data = { train: tinyData(8), validation: colour.validation };
    const make = () => tinyResnet({ seed: 3 });
    const once = await train({ ...constant, epochs: 1, batchNorm: "train" }, data, make);
    const averaged = await train({ ...constant, epochs: 3, batchNorm: "train", ema: { decay: 1 } }, data, make);
    expect(averaged.weights).toEqual(once.weights);
    expect(averaged.records.map(({ validation }) => validation)).toEqual(new Array(3).fill(once.records[0].validation));
    expect(averaged.records[2].loss).not.toBe(averaged.records[1].loss);
  });

  test("a checkpoint opens as the averaged model", async () => {
    const checkpoint = join(folder, "averages");
    const { weights } = await train({ ...constant, ema: { decay: 0.7 }, checkpoint });
    const model = await loadModel(checkpoint, { inline: true });
    expect(new Map([...(await model.parameters())].map(([name, { data }]) => [name, data]))).toEqual(weights);
    model.close();
  });

  test("keep going through phases: what one phase does not train is averaged in the next", async () => {
    const phases: Phase[] = [
      { name: "head", epochs: 1, train: "head", lr: 0.05, lrMult: 1, schedule: "constant" },
      { name: "all", epochs: 1, train: "all", lr: 0.01, lrMult: 1, schedule: "constant" },
    ];
    const { weights } = await train({ phases, ema: { decay: 0.9 } });
    const plain = await train({ phases });
    const first = await train({ phases: phases.slice(0, 1) });
    expect(weights.get("fc2.weight")).not.toEqual(plain.weights.get("fc2.weight"));
    // Between where the backbone stood and where it went.
    const [from, to, found] = [first, plain, { weights }].map((run) => (run.weights.get("conv1.weight") as Float32Array)[0]);
    expect((found - from) / (to - from)).toBeGreaterThan(0);
    expect((found - from) / (to - from)).toBeLessThan(1);
  });
});

test("any number of threads gives the same checkpoint, byte for byte, with all that a recipe may have", async () => {
  const options: TrainerOptions = {
    optimizer: "lamb",
    accumulate: 2,
    ema: { decay: 0.9 },
    loss: "sigmoidFocal",
    classWeights: "balanced",
    sampling: { classWeights: [1, 2, 1] },
    batchNorm: "train",
    dropPathRate: 0.4,
    dropRate: 0.2,
    layerDecay: 0.8,
    schedule: { name: "cosine", min: 1e-4, warmup: { steps: 2 }, cooldown: { epochs: 0.5 } },
  };
  const files: Buffer[] = [];
  for (const ways of [{ inline: true }, { inline: false, threads: 2 }]) {
    const model = await tinyResnet({ seed: 3, ...ways });
    await new Trainer(model, colour, { epochs: 2, batchSize: 4, seed: 5, lr: 0.01, transforms: jitter(model), ...options }).fit();
    files.push(Buffer.from((await model.save()) as Uint8Array));
    model.close();
  }
  expect(files[1].equals(files[0])).toBe(true);
});

test("each of these options changes the result", async () => {
  const base: TrainerOptions = { epochs: 1, batchNorm: "train" };
  const make = () => tinyResnet({ seed: 3 });
  const variants: TrainerOptions[] = [
    {},
    { accumulate: 2 },
    { optimizer: "rmsprop" },
    { optimizer: { name: "sgd", dampening: 0.5 } },
    { loss: "focal" },
    { classWeights: [1, 2, 3] },
    { sampling: { classWeights: [1, 2, 3] } },
    { layerDecay: 0.5 },
    { dropRate: 0.5 },
    { dropPathRate: 0.5 },
    { ema: { decay: 0.5 } },
    { schedule: { name: "step", every: 0.5 } },
  ];
  const results: string[] = [];
  for (const options of variants)
    results.push((await train({ ...base, ...options }, { train: colour.train }, make)).weights.get("linear.weight")?.join() as string);
  expect(new Set(results).size).toBe(variants.length);
});

test("layerDecay: the head moves by the rate, blocks by less the nearer they are to the image", async () => {
  const options = { epochs: 1, batchSize: 21, optimizer: "adamw", weightDecay: 0, schedule: "constant", lr: 1e-3, batchNorm: "frozen" } as const;
  const make = () => tinyResnet({ seed: 3 });
  const start = (await train({ epochs: 0 }, colour, make)).weights;
  const { weights } = await train({ ...options, layerDecay: 0.5 }, { train: colour.train }, make);
  // The first step of Adam moves every weight by the rate itself.
  const moved = (name: string) => Math.max(...(weights.get(name) as Float32Array).map((value, i) => Math.abs(value - (start.get(name) as Float32Array)[i])));
  const names = ["linear.weight", "layer3.2.conv2.weight", "layer3.1.conv1.weight", "layer1.0.conv2.weight", "conv1.weight"];
  names.forEach((name, i) => expect(moved(name) / (1e-3 * 0.5 ** [0, 1, 2, 9, 10][i]), name).toBeCloseTo(1, 1));
});

test("a plateau schedule takes the rate down where the validation loss does not fall enough", async () => {
  const schedule = { name: "plateau", patience: 0, factor: 0, threshold: 1 } as const;
  const stopped = await train({ schedule, epochs: 4 });
  const once = await train({ schedule: "constant", epochs: 2 });
  // Nothing counts as an improvement on the first epoch, so from the third epoch on the rate is 0.
  expect(stopped.weights.get("conv1.weight")).toEqual(once.weights.get("conv1.weight"));
});

test("sampling: an epoch of balanced classes shows each class as often", async () => {
  const items = tinyItems(30).filter(({ label }, i) => label === classes[0] || i < 6);
  const asked = new Map<string, number>();
  const list = ImageList.from(items, { classes });
  const data = {
    classes: list.classes,
    length: list.length,
    subset: list.subset.bind(list),
    async item(index: number) {
      const item = await list.item(index);
      asked.set(classes[item.label], (asked.get(classes[item.label]) ?? 0) + 1);
      return item;
    },
  };
  const model = await tinyResnet({ seed: 3 });
  await new Trainer(model, { train: data }, { epochs: 1, batchSize: 7, sampling: "balanced" }).fit();
  model.close();
  const once = classes.map((label) => items.filter((item) => item.label === label).length); // to know the classes
  const shown = classes.map((label, i) => (asked.get(label) as number) - once[i]);
  expect(shown.reduce((sum, count) => sum + count)).toBe(items.length);
  expect(Math.max(...shown) - Math.min(...shown)).toBeLessThanOrEqual(1);
});

test("what nothing was said about is not in a checkpoint: those from before these options resume", async () => {
  const checkpoint = join(folder, "plain");
  await train({ checkpoint });
  const file = await openSafetensors(checkpoint);
  await file.close();
  const state = JSON.parse(file.metadata.get("ocelli.trainer") as string);
  expect(Object.keys(state)).toEqual(["version", "cursor", "sums", "history", "best", "settings", "build", "images", "usedImages", "classes"]);
  const settings = "phases batchSize optimizer momentum nesterov weightDecay warmup labelSmoothing maxNorm batchNorm transforms patience badImages seed";
  expect(Object.keys(state.settings)).toEqual(settings.split(" "));
  expect(Object.keys(state.sums)).toEqual(["loss", "right"]);
});

describe("what does not go together is refused before anything runs", () => {
  const phase: Phase = { name: "all", epochs: 1, train: "all", lr: 0.1, lrMult: 10, schedule: "constant" };
  test.each<[TrainerOptions, string]>([
    [{ layerDecay: 0.7, phases: [phase] }, "train: all: lrMult expected 1 beside layerDecay, which says how blocks learn, got 10"],
    [{ schedule: "plateau" }, "train: a plateau schedule needs validation images to measure on"],
    [{ classWeights: [1, 2] }, 'train: classWeights expected "balanced" or 3 numbers of 0 or more, one for each class, got [1,2]'],
    [{ sampling: { classWeights: [0, 0, 0] } }, 'train: sampling expected "balanced" or 3 numbers of 0 or more, one for each class, got [0,0,0]'],
    [{ accumulate: 1.5 }, "train: accumulate expected a whole number from 1 to 65536, got 1.5"],
    [{ dropRate: 1 }, "train: dropRate expected a number from 0 to"],
    [{ dropPathRate: -0.1 }, "train: dropPathRate expected a number from 0 to"],
    [{ layerDecay: 0 }, "train: layerDecay expected a number from 0.000001 to 1, got 0"],
  ])("%j", async (options, message) => {
    const model = await tinyCnn();
    expect(() => new Trainer(model, { train: grey.train }, options)).toThrow(message);
    model.close();
  });

  test("stochastic depth in a network without residual blocks", async () => {
    await expect(train({ dropPathRate: 0.1 })).rejects.toThrow("train: dropPathRate has nothing to drop in small_cnn");
  });
});
