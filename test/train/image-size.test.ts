import { describe, expect, test } from "vitest";
import { atSize } from "../../src/data/transforms/at-size.js";
import { CenterCrop, ColorJitter, Compose, Normalize, Pad, RandomCrop, RandomResizedCrop, Resize } from "../../src/data/transforms/index.js";
import type { Phase, TrainerOptions } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import { createModel } from "../../src/zoo/create-model.js";
import { classes, jitter, tinyCnn, tinyData, tinyResnet } from "./tiny.js";

const phase: Phase = { name: "all", epochs: 1, train: "all", lr: 0.02, lrMult: 1, schedule: "constant" };
const data = { train: tinyData(12), validation: tinyData(6, { seed: 9 }) };

describe("a phase's image size", () => {
  test("is what its steps see, and validation stays at the model's own", async () => {
    const run = async (options: TrainerOptions) => {
      const model = await tinyResnet({ seed: 3, imageSize: 16 });
      const trainer = new Trainer(model, data, { batchSize: 6, seed: 1, transforms: jitter(model), ...options });
      const predicted = await trainer.memory();
      const records = await trainer.fit();
      const evaluation = await model.evaluate(data.validation);
      const used = model.memory({ images: 0 }).total;
      model.close();
      return { records, evaluation, predicted, used };
    };
    const [small, large] = [
      { ...phase, imageSize: 8 },
      { ...phase, name: "large" },
    ];
    const own = await run({ phases: [phase] });
    const half = await run({ phases: [small] });
    const both = await run({ phases: [small, large] });
    const images = 4 * 6 * 16 * 16 * 3;
    expect([own.predicted.staging, half.predicted.staging]).toEqual([3 * images, images]); // three batches; the validation images
    expect(half.predicted.activations).toBeLessThan(own.predicted.activations);
    expect(half.records[0].loss).not.toBe(own.records[0].loss);
    expect(both.records[0]).toMatchObject({ loss: half.records[0].loss, validation: half.records[0].validation });
    expect(both.records[1].validation?.loss).toBeCloseTo(both.evaluation.loss, 6);
    expect((await run({ phases: [{ ...phase, imageSize: [16, 16] }] })).records[0].loss).toBe(own.records[0].loss);
    expect(both.used).toBe(both.predicted.total);
  });

  test("is free for position embeddings, which are resampled", async () => {
    const model = await createModel("test_vit", { labels: classes, imageSize: 32, inline: true });
    const before = (await model.parameters()).get("pos_embed");
    const [{ loss }] = await new Trainer(model, data, { phases: [{ ...phase, imageSize: 48 }] }).fit();
    expect(loss).toBeGreaterThan(0);
    expect((await model.parameters()).get("pos_embed")).not.toEqual(before);
    model.close();
  });

  test.each<[string, () => Promise<Awaited<ReturnType<typeof tinyCnn>>>, Partial<Phase>, string]>([
    ["flattened features", tinyCnn, { imageSize: 8 }, 'train: all: imageSize 8: the weights of small_cnn depend on it: "'],
    ["no whole number", tinyResnet, { imageSize: 8.5 }, "train: all: imageSize 8.5: expected whole numbers from 1 to 4096"],
    [
      "a head phase",
      tinyResnet,
      { imageSize: 8, train: "head" },
      "train: all: imageSize 8: the head learns on what the backbone gives at the model's own size",
    ],
  ])("is refused for %s", async (_, make, options, message) => {
    const model = await make();
    expect(() => new Trainer(model, data, { phases: [{ ...phase, ...options }] })).toThrow(message);
    model.close();
  });
});

describe("a pipeline for another size", () => {
  const normalize = Normalize([0.5], [0.5]);
  test("has sizes and paddings in proportion behind the first resize", () => {
    const pipeline = [RandomCrop(300), Resize(256, { maxSize: 512 }), Pad(8), Compose([ColorJitter(), RandomCrop(224, { padding: [4, 8] })]), normalize];
    expect(atSize(pipeline, [224, 224], [112, 112])).toEqual([
      RandomCrop(300),
      Resize(128, { maxSize: 256 }),
      Pad(4),
      Compose([ColorJitter(), RandomCrop(112, { padding: [2, 4] })]),
      normalize,
    ]);
    expect(atSize(pipeline, [224, 224], [224, 224])).toBe(pipeline);
    expect(atSize([RandomResizedCrop(224), normalize], [224, 224], [160, 160])).toEqual([RandomResizedCrop(160), normalize]);
  });

  test("that has no resize is followed by one", () => {
    expect(atSize([Pad(4), RandomCrop(32), normalize], [32, 32], [16, 24])).toEqual([Pad(4), RandomCrop(32), Resize([16, 24]), normalize]);
  });

  test("changes height and width each by its own", () => {
    expect(atSize([Resize(100), Pad(10), CenterCrop(80)], [80, 80], [40, 60])).toEqual([Resize(75), Pad([8, 5]), CenterCrop([40, 60])]);
    expect(atSize([Resize([100, 200]), Pad([4, 8, 12, 16])], [100, 200], [50, 200])).toEqual([Resize([50, 200]), Pad([4, 4, 12, 8])]);
  });
});
