import { describe, expect, it } from "vitest";
import { createModel, ImageList } from "../../src/index.js";
import { mistakes } from "../../src/vision/index.js";
import { rankMistakes, type Scored } from "../../src/vision/mistakes.js";

const labels = ["a", "b", "c"];
const scored = (label: number, ...scores: number[]): Scored => ({ id: `${label} ${scores}`, label, scores });

describe("mistakes", () => {
  it("are the wrong predictions, the surest first, equal ones in their order", () => {
    const images = [scored(0, 0.5, 0.3, 0.2), scored(0, 0.1, 0.7, 0.2), scored(1, 0.05, 0.05, 0.9), scored(2, 0.7, 0.2, 0.1), scored(2, 0, 0, 1)];
    const { images: count, accuracy, wrong } = rankMistakes(labels, images);
    expect([count, accuracy]).toEqual([5, 2 / 5]);
    expect(wrong.map(({ index, label, predicted, score, labelScore }) => [index, label, predicted, score, labelScore])).toEqual([
      [2, "b", "c", 0.9, 0.05],
      [1, "a", "b", 0.7, 0.1],
      [3, "c", "a", 0.7, 0.1],
    ]);
    expect(rankMistakes(labels, [])).toEqual({ images: 0, accuracy: 0, wrong: [], suspicious: [] });
  });

  it("suspects a label where another class is believed, by the thresholds of confident learning", () => {
    // Mean scores of their own labels: a (.8 + .6 + .1) / 3 = .5, b (.9 + .3) / 2 = .6, c .4.
    const images = [
      scored(0, 0.8, 0.1, 0.1), // a is believed
      scored(0, 0.6, 0.4, 0), // a is
      scored(0, 0.1, 0.85, 0.05), // b is: suspicious, margin -.75
      scored(1, 0.1, 0.9, 0), // b is
      scored(1, 0.25, 0.3, 0.45), // c is, at .45 >= .4: suspicious, margin -.15
      scored(2, 0.45, 0.15, 0.4), // c is, though a has the higher score: below a's .5. A mistake, and not suspicious
    ];
    const { suspicious, wrong } = rankMistakes(labels, images);
    expect(suspicious.map(({ index, label, suggested, score, labelScore }) => [index, label, suggested, score, labelScore])).toEqual([
      [2, "a", "b", 0.85, 0.1],
      [4, "b", "c", 0.45, 0.3],
    ]);
    expect(wrong.map(({ index }) => index)).toEqual([2, 4, 5]);
  });

  it("suggests no class that no image has, and is silent where nothing is believed", () => {
    expect(rankMistakes(labels, [scored(0, 0.2, 0.1, 0.7), scored(1, 0.3, 0.4, 0.3)]).suspicious).toEqual([]);
  });

  it("finds labels that were changed", () => {
    // Scores of .55 to 1 for the true class; every ninth label is the next class.
    const images = Array.from({ length: 180 }, (_, i) => {
      const [truth, top] = [i % 3, 0.55 + ((i * 37) % 100) / 223];
      return scored(i % 9 === 4 ? (truth + 1) % 3 : truth, ...labels.map((_, k) => (k === truth ? top : (1 - top) / 2)));
    });
    const { suspicious } = rankMistakes(labels, images);
    const changed = images.flatMap((_, i) => (i % 9 === 4 ? [i] : []));
    expect(suspicious.every(({ index }) => changed.includes(index))).toBe(true);
    expect(suspicious.length).toBeGreaterThan(0.3 * changed.length); // those of which the score of the truth reaches its mean
    for (const { index, suggested } of suspicious) expect(suggested).toBe(labels[index % 3]);
  });

  it("of a model's data set are those of its scores", async () => {
    const model = await createModel("small_cnn", { labels: ["x", "y"], seed: 1, inline: true });
    const picture = (level: number) => ({ data: new Uint8Array(28 * 28).fill(level), width: 28, height: 28, channels: 1 as const });
    const data = ImageList.from([0, 50, 100, 150, 200, 250].map((level, i) => ({ image: picture(level), label: "yx"[i % 2], id: `${level}` })));
    const told: number[] = [];
    const { wrong, accuracy } = await mistakes(model, data, { onProgress: (done) => told.push(done) });
    const evaluation = await model.evaluate(data);
    expect([accuracy, told.at(-1)]).toEqual([evaluation.accuracy, 6]);
    const expected = evaluation.predictions.flatMap(({ id, label, predicted, score }) => (label === predicted ? [] : [{ id, score }]));
    expect(wrong).toEqual(expected.sort((a, b) => b.score - a.score).map(({ id, score }) => expect.objectContaining({ id, score: expect.closeTo(score, 6) })));
    expect(wrong.length).toBeGreaterThan(0);
    await expect(mistakes(model, data, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    model.close();
  });
});
