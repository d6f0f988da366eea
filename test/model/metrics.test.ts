import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { calibrationBins, calibrationError } from "../../src/model/calibration-error.js";
import { EvaluationBuilder } from "../../src/model/metrics.js";
import { areaUnderRoc } from "../../src/model/roc.js";
import { topKAccuracy } from "../../src/model/top-k-accuracy.js";

/** scikit-learn's figures: scripts/fixtures/metrics.py. */
const expected = JSON.parse(readFileSync("test/fixtures/metrics.json", "utf8")) as {
  labels: number[];
  logits: number[][];
  accuracy: number;
  logLoss: number;
  ece: number;
  topK: Record<string, number>;
  confusion: number[][];
  macro: Record<string, number>;
} & Record<"precision" | "recall" | "f1" | "support" | "rocAuc", number[]>;
const names = expected.logits[0].map((_, i) => `class ${i}`);

function evaluated(options?: { rocAuc?: boolean }) {
  const builder = new EvaluationBuilder(names, options);
  expected.logits.forEach((row, i) => builder.add(String(i), expected.labels[i], Float32Array.from(row)));
  return builder.finish();
}

describe("metrics", () => {
  test("are scikit-learn's", () => {
    const found = evaluated();
    expect(found.accuracy).toBe(expected.accuracy);
    expect(found.confusion).toEqual(expected.confusion);
    expect(found.loss).toBeCloseTo(expected.logLoss, 12);
    expect(found.ece).toBeCloseTo(expected.ece, 12);
    for (const [k, share] of Object.entries(expected.topK)) expect(topKAccuracy(found, Number(k))).toBe(share);
    expect(found.top5).toBe(expected.topK[5]);
    found.classes.forEach(({ precision, recall, f1, support, rocAuc }, i) => {
      expect(support).toBe(expected.support[i]);
      expect(precision).toBeCloseTo(expected.precision[i], 12);
      expect(recall).toBeCloseTo(expected.recall[i], 12);
      expect(f1).toBeCloseTo(expected.f1[i], 12);
      if (support > 0) expect(rocAuc).toBeCloseTo(expected.rocAuc[i], 12);
      else expect(rocAuc).toBeUndefined();
    });
    for (const [name, value] of Object.entries(expected.macro)) expect(found.macro[name as "f1"]).toBeCloseTo(value, 12);
  });

  test("without areas under ROC curves are the same otherwise", () => {
    const { classes, macro, ...rest } = evaluated({ rocAuc: false });
    const { classes: all, macro: mean, ...others } = evaluated();
    expect(rest).toEqual(others);
    expect(macro).toEqual({ ...mean, rocAuc: undefined });
    expect(classes).toEqual(all.map((each) => ({ ...each, rocAuc: undefined })));
  });

  test("area under the ROC curve: order alone decides, equal scores count half", () => {
    const area = (scores: number[], positive: number[]) =>
      areaUnderRoc(
        Float64Array.from(scores),
        positive.map((value) => value === 1),
      );
    expect(area([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(area([1, 1, 1], [0, 1, 1])).toBe(0.5);
    expect(area([3, 2, 1], [1, 1, 0])).toBe(1);
    expect(area([3, 2, 1], [1, 1, 1])).toBeUndefined();
    expect(area([], [])).toBeUndefined();
  });

  test("calibration: a model that is right as often as it says has no error", () => {
    const fair = Array.from({ length: 100 }, (_, i) => ({ score: 0.75, isRight: i % 4 > 0 }));
    expect(calibrationError(calibrationBins(fair))).toBe(0);
    const vain = fair.map(({ score }) => ({ score, isRight: false }));
    expect(calibrationError(calibrationBins(vain))).toBe(0.75);
    const [lowest, second] = calibrationBins([0, 1 / 15].map((score) => ({ score, isRight: true })));
    expect([lowest.images, second.images]).toEqual([2, 0]);
    expect(calibrationBins([{ score: 1, isRight: true }]).at(-1)).toEqual({ images: 1, confidence: 1, accuracy: 1 });
    expect(calibrationError(calibrationBins([]))).toBe(0);
    expect(calibrationError(calibrationBins([{ score: Number.NaN, isRight: false }, ...fair]))).toBeNaN();
  });
});
