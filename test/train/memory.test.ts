import { expect, test } from "vitest";
import type { Model } from "../../src/model/model.js";
import { fineTuner } from "../../src/train/fine-tune.js";
import { Trainer } from "../../src/train/trainer.js";
import { tinyCnn, tinyData, tinyResnet } from "./tiny.js";

const bytes = (model: Model) => model.memory({ images: 0 }).total;

test.each([
  [1, {}],
  [2, {}],
  [1, { accumulate: 2, ema: true }],
] as const)("on %i threads training with %j needs the memory that it was predicted to, both phases and validation included", async (threads, options) => {
  const model = await tinyResnet({ inline: threads === 1, threads });
  const data = { train: tinyData(26), validation: tinyData(40, { seed: 9 }) };
  const trainer = fineTuner(model, data, { epochs: 1, freezeEpochs: 1, batchSize: 8, batchNorm: "train", ...options });
  const before = bytes(model);
  const predicted = await trainer.memory();
  expect(bytes(model)).toBe(before);
  await trainer.fit();
  expect(bytes(model)).toBe(predicted.total);
  expect(predicted.total).toBeGreaterThan(before + predicted.activations);
  expect(predicted.optimizer).toBeGreaterThan(predicted.parameters);
  model.close();
});

test("a teacher and the answers of its that are kept count", async () => {
  const [model, teacher] = [await tinyResnet(), await tinyCnn({ seed: 8, imageSize: 12 })];
  const data = { train: tinyData(22) };
  const distillation = { teacher, embedding: {}, views: 3 };
  const of = (more: object) => new Trainer(model, data, { epochs: 1, batchSize: 8, batchNorm: "train", distillation: { ...distillation, ...more } });
  const plain = await new Trainer(model, data, { epochs: 1, batchSize: 8, batchNorm: "train" }).memory();
  const trainer = of({});
  const predicted = await trainer.memory();
  expect(predicted.staging - plain.staging).toBe(3 * 22 * 2 * (3 + 128));
  expect(predicted.process - plain.process).toBe(predicted.total - plain.total + predicted.staging - plain.staging + predicted.teacher);
  expect((await of({ cacheBytes: 1000 }).memory()).staging - plain.staging).toBe(1000);
  expect((await of({ answers: "unused" }).memory()).staging).toBe(plain.staging);
  expect(plain.teacher).toBe(0);
  await trainer.fit();
  expect(bytes(model)).toBe(predicted.total);
  expect(bytes(teacher)).toBe(predicted.teacher);
  for (const each of [model, teacher]) each.close();
});

test("gradientCheckpointing, the batch and what is kept besides show", async () => {
  const model = await tinyResnet();
  const data = { train: tinyData(40), validation: tinyData(8) };
  const memory = (options: object) => new Trainer(model, data, { batchSize: 16, batchNorm: "train", ...options }).memory();
  const plain = await memory({});
  expect((await memory({ gradientCheckpointing: true })).total).toBeLessThan(plain.total);
  expect((await memory({ batchSize: 32 })).activations).toBeGreaterThan(1.5 * plain.activations);
  expect((await memory({ patience: 2 })).staging - plain.staging).toBe(plain.parameters);
  expect((await memory({ checkpoint: "unused" })).staging - plain.staging).toBe(plain.parameters + plain.optimizer);
  expect((await memory({ ema: true })).optimizer - plain.optimizer).toBeGreaterThan(0.99 * plain.parameters);
  expect((await memory({ accumulate: 2 })).optimizer / plain.optimizer).toBeCloseTo(2, 1);
  expect(plain.staging).toBe(3 * 16 * 8 * 8 * 3 * 4);
  model.close();
});
