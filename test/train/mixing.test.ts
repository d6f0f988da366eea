import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.js";
import { checkedMixing, type Mixing } from "../../src/data/mixing.js";
import { epochSize, imageBatches } from "../../src/train/batches.js";
import { fineTuner } from "../../src/train/fine-tune.js";
import type { TrainerOptions } from "../../src/train/options.js";
import { repeated, shuffled, timesBefore } from "../../src/train/sampling.js";
import { Trainer } from "../../src/train/trainer.js";
import { classes, jitter, tinyCnn, tinyData } from "./tiny.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-mixing-"));
afterAll(() => rmSync(folder, { recursive: true }));

const data = { train: tinyData(21, { channels: 1 }) };
const options: TrainerOptions = { epochs: 2, batchSize: 8, seed: 5, lr: 0.01 };

async function trainer(more: TrainerOptions) {
  const model = await tinyCnn({ seed: 3 });
  return { model, trainer: new Trainer(model, data, { ...options, transforms: jitter(model), ...more }) };
}

/** The weights after training, and the records without what the clock says. */
async function train(more: TrainerOptions) {
  const { model, trainer: made } = await trainer(more);
  const records = (await made.fit()).map(({ loss, accuracy }) => ({ loss, accuracy }));
  const file = await model.save();
  model.close();
  return { file, records };
}

const mixing: Partial<Mixing> = { mixup: 0.4, cutmix: 1 };
const plain = train({});

describe("mixing in training", () => {
  test("of probability 0 is no mixing, to the bit, and of another it is", async () => {
    const { file, records } = await train({ mixing: { mixup: 1, prob: 0 } });
    expect(records).toEqual((await plain).records);
    expect(Buffer.compare(file, (await plain).file)).toBe(0);
    const mixed = await train({ mixing });
    expect(mixed.records[1].loss).toBeGreaterThan(records[1].loss); // what is mixed is harder to tell
  });

  test("and repeats go on in the middle of an epoch to the same bits", async () => {
    const more = { mixing: { ...mixing, mode: "elem" }, repeats: 3 } as const;
    const whole = train(more);
    const checkpoint = join(folder, "checkpoint");
    const controller = new AbortController();
    const stop = new Error("enough");
    const onProgress = ({ step }: { step: number }) => step >= 4 && controller.abort(stop);
    const first = await trainer({ ...more, checkpoint, signal: controller.signal, onProgress });
    await expect(first.trainer.fit()).rejects.toBe(stop);
    first.model.close();
    const second = await trainer(more);
    await second.trainer.resume(checkpoint);
    await second.trainer.fit();
    const file = await second.model.save();
    second.model.close();
    expect(Buffer.compare(file, (await whole).file)).toBe(0);
    expect(Buffer.compare(file, (await plain).file)).not.toBe(0);
    const other = await trainer({ ...more, mixing });
    await expect(other.trainer.resume(checkpoint)).rejects.toThrow('trained with mixing {"mixup":0.4,');
    other.model.close();
  });

  test("needs the memory that it was predicted to", async () => {
    const { model, trainer: made } = await trainer({ mixing, epochs: 1 });
    const predicted = await made.memory();
    await made.fit();
    expect(model.memory({ images: 0 }).total).toBe(predicted.total);
    model.close();
  });

  test("leaves the kept features of a head phase alone", async () => {
    const head = async (more: TrainerOptions) => {
      const model = await tinyCnn({ seed: 3 });
      const records = await fineTuner(model, data, { freezeEpochs: 2, epochs: 0, batchSize: 8, ...more }).fit();
      model.close();
      return records.map(({ loss }) => loss);
    };
    expect(await head({ mixing, repeats: 2 })).toEqual(await head({}));
  });
});

describe("batches", () => {
  const source = async (more: { mixing?: Mixing; order?: Uint32Array }) => {
    const model = await tinyCnn();
    const { channels } = model.architecture;
    const imageSize = model.imageSize;
    const pipeline = jitter(model);
    model.close();
    const { mixing, order = Uint32Array.from({ length: 6 }, (_, i) => i) } = more;
    return imageBatches({
      data: data.train,
      labels: [0, 1, 2],
      order,
      batchSize: 6,
      pipeline,
      imageSize,
      channels,
      seed: 1,
      stream: [2, 0, 0],
      mixing: mixing && { ...mixing, classes: classes.length, stream: [3, 0, 0] },
      inline: true,
    });
  };

  test("mix each image with its partner, and say which class has the greater share", async () => {
    const order = Uint32Array.of(0, 1, 2, 3, 5, 4);
    const before = await (await source({ order }))(0);
    const [x, labels] = [before.x.slice(), before.labels];
    const batch = await (await source({ order, mixing: checkedMixing({ mixup: 1, mode: "elem" }) }))(0);
    const targets = batch.targets as Float32Array;
    const size = x.length / 6;
    let others = 0;
    for (let i = 0; i < 6; i++) {
      const partner = 5 - i;
      const own = targets[3 * i + labels[i]];
      expect(own).toBeGreaterThan(0);
      expect(own + targets[3 * i + labels[partner]]).toBeCloseTo(1, 6);
      for (let j = 0; j < size; j += 7) expect(batch.x[i * size + j]).toBeCloseTo(own * x[i * size + j] + (1 - own) * x[partner * size + j], 5);
      expect(batch.labels[i]).toBe(own >= 0.5 ? labels[i] : labels[partner]);
      if (batch.labels[i] !== labels[i]) others++;
    }
    expect(others).toBeGreaterThan(0);
    expect([...labels]).toEqual([0, 1, 2, 0, 2, 1]);
  });

  test("draw anew for each copy of an image, and as ever for the first", async () => {
    const once = (await (await source({ order: Uint32Array.of(4, 1) }))(0)).x.slice();
    const { x } = await (await source({ order: Uint32Array.of(4, 4, 1, 4) }))(0);
    const size = once.length / 2;
    const images = [0, 1, 2, 3].map((i) => x.slice(i * size, (i + 1) * size));
    expect(images[0]).toEqual(once.subarray(0, size));
    expect(images[2]).toEqual(once.subarray(size));
    for (const [a, b] of [
      [0, 1],
      [1, 3],
      [0, 3],
    ])
      expect(images[a]).not.toEqual(images[b]);
  });
});

describe("repeats", () => {
  test("follow timm's sampler on one machine: each image so often side by side, as many as before in all", () => {
    const order = shuffled(10, new Random(1));
    expect([...repeated(order, 3)]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3].map((i) => order[i]));
    expect(repeated(order, 1)).toEqual(order);
    expect(epochSize(repeated(order, 3).length, 4, { dropSingle: false })).toEqual({ batches: 3, images: 10 });
    expect([...timesBefore([7, 7, 2, 7, 2])]).toEqual([0, 1, 0, 2, 1]);
  });

  test.each<[TrainerOptions, string]>([
    [{ repeats: 0 }, "train: repeats expected a whole number from 1 to 64, got 0"],
    [{ repeats: 1.5 }, "train: repeats expected a whole number from 1 to 64, got 1.5"],
    [{ mixing: { mixup: -1 } }, "mixing: mixup: expected a number of at least 0, got -1"],
    [{ transforms: [], augmentation: {} }, "train: expected transforms or augmentation, got both"],
  ])("%j is refused", async (more, message) => {
    await expect(trainer(more)).rejects.toThrow(message);
  });
});
