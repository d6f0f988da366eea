import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/core/errors.js";
import { evaluationTransforms } from "../../src/data/preprocessing.js";
import type { Model } from "../../src/model/model.js";
import { exponential } from "../../src/optim/schedule.js";
import { lrFind, steep, valley } from "../../src/train/lr-find.js";
import { fineTune } from "../../src/train/fine-tune.js";
import { Trainer } from "../../src/train/trainer.js";
import { tinyData, tinyResnet } from "./tiny.js";

const data = { train: tinyData(24) };

describe("lrFind", () => {
  test("rates rise exponentially, the loss falls and then diverges, and the weights are those from before", async () => {
    const model = await tinyResnet({ seed: 1 });
    const before = await model.parameters();
    const steps: number[] = [];
    const found = await lrFind(model, data, { batchSize: 8, steps: 60, startLr: 1e-5, endLr: 100, onStep: (done) => steps.push(done) });
    expect(await model.parameters()).toEqual(before);
    expect(model.batchesTracked).toBe(0);
    expect(model.session.keptValues().filter(({ kind }) => kind === "state")).toEqual([]);
    expect(found.lrs.length).toBeLessThanOrEqual(60);
    expect(found.losses.length).toBe(found.lrs.length);
    found.lrs.forEach((lr, i) => expect(Math.log10(lr)).toBeCloseTo(-5 + (7 * i) / 60, 10));
    expect(Math.min(...found.losses)).toBeLessThan(found.losses[0]);
    expect(steps.at(-1)).toBe(found.lrs.length);
    for (const rate of [found.valley, found.steep]) {
      expect(rate).toBeGreaterThan(1e-5);
      expect(rate).toBeLessThan(found.lrs.at(-1) as number);
    }
    const again = await lrFind(model, data, { batchSize: 8, steps: 60, startLr: 1e-5, endLr: 100 });
    expect(again).toEqual(found);
    model.close();
  });

  test("the steps learn at the rates that it says, and stop where the loss diverges", async () => {
    const model = await tinyResnet({ seed: 1 });
    const transforms = evaluationTransforms(model.preprocessing);
    const options = { batchSize: 24, steps: 40, startLr: 1e-12, momentum: 0, batchNorm: "frozen", transforms } as const;
    const still = await lrFind(model, data, { ...options, endLr: 1e-11 });
    expect(still.lrs.length).toBe(40);
    expect(Math.max(...still.losses) / Math.min(...still.losses)).toBeLessThan(1.0001);
    const wild = await lrFind(model, data, { ...options, endLr: 1000 });
    expect(wild.lrs.length).toBeLessThan(40);
    const allowed = await lrFind(model, data, { ...options, endLr: 1e-2, stopDiverging: false });
    expect(allowed.lrs.length).toBe(40);
    model.close();
  });

  test("a trained model's batches differ by more than four times, which is no divergence", async () => {
    const model = await tinyResnet({ seed: 1 });
    await new Trainer(model, data, { epochs: 25, batchSize: 8 }).fit();
    for (const [seed, batchNorm] of [
      [3, "train"],
      [3, "frozen"],
      [4, "train"],
    ] as const) {
      const { lrs, losses } = await lrFind(model, data, { batchSize: 4, seed, batchNorm });
      expect(Math.max(...losses.slice(0, 10)) / Math.min(...losses.slice(0, 10))).toBeGreaterThan(4);
      expect(lrs.length).toBeGreaterThan(80);
    }
    model.close();
  });

  test("a calibration stays where the weights do, and goes with the first step", async () => {
    const model = await tinyResnet({ seed: 1 });
    const calibration = {} as NonNullable<Model["calibration"]>;
    model.calibration = calibration;
    await lrFind(model, data, { batchSize: 8, steps: 10 });
    expect(model.calibration).toBe(calibration);
    await expect(fineTune(model, data, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    expect(model.calibration).toBe(calibration);
    await new Trainer(model, data, { epochs: 1 }).fit();
    expect(model.calibration).toBeUndefined();
    model.calibration = calibration;
    await fineTune(model, data, { epochs: 0, freezeEpochs: 1, headViews: 1 });
    expect(model.calibration).toBeUndefined();
    model.close();
  });

  test("a signal ends it, with the weights from before; options are checked", async () => {
    const model = await tinyResnet({ seed: 1 });
    const before = await model.parameters();
    const stop = new AbortController();
    const run = lrFind(model, data, { batchSize: 8, signal: stop.signal, onStep: (done) => done === 12 && stop.abort(new Error("enough")) });
    await expect(run).rejects.toThrow("enough");
    expect(await model.parameters()).toEqual(before);
    await expect(lrFind(model, data, { startLr: 0 })).rejects.toThrow(ArgumentError);
    await expect(lrFind(model, data, { startLr: 2, endLr: 1 })).rejects.toThrow("startLr expected a number above 0 and below endLr 1, got 2");
    await expect(lrFind(model, data, { steps: 5 })).rejects.toThrow("steps expected a whole number from 10");
    model.close();
  });

  test("suggestions: the middle of the longest fall, and the steepest place", () => {
    const lrs = Array.from({ length: 12 }, (_, i) => 10 ** (i - 8));
    // Falls from place 2 to place 10, with a bump at 5; steepest from 6 to 7.
    const losses = [5, 5.2, 5.1, 5, 4.8, 4.9, 4.5, 3, 2.8, 2.7, 2.6, 9];
    // The longest decreasing subsequence has 9 losses (5.2 5.1 5 4.8 4.5 3 2.8 2.7 2.6) and ends at 10: place 10 - 9 + 3 + 1.
    expect(valley(lrs, losses)).toBe(lrs[5]);
    expect(steep(lrs, losses)).toBe(lrs[6]);
    expect(valley([1, 2], [1, 2])).toBe(1);
  });

  test("the exponential schedule has equal factors from step to step", () => {
    const schedule = exponential({ steps: 8, start: 1e-4 });
    expect(schedule(0)).toBeCloseTo(1e-4, 12);
    for (let step = 0; step < 8; step++) expect(schedule(step + 1) / schedule(step)).toBeCloseTo(10 ** 0.5, 10);
    expect(schedule(9)).toBe(1);
  });
});
