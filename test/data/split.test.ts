import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../src/core/errors.js";
import { createDataset } from "../../src/data/dataset.js";
import { splitDataset, stratify } from "../../src/data/split.js";

const anyLabels = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 200 });
const anyOptions = fc.record({ validation: fc.double({ min: 0, max: 0.99, noNaN: true }), seed: fc.nat() });
const count = (labels: number[], indices: number[], label: number) => indices.filter((index) => labels[index] === label).length;

describe("stratify", () => {
  it("puts every index on exactly one side, in ascending order", () => {
    fc.assert(
      fc.property(anyLabels, anyOptions, (labels, options) => {
        const { train, validation } = stratify(labels, options);
        expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
        for (const side of [train, validation]) expect(side).toEqual([...side].sort((a, b) => a - b));
      }),
    );
  });

  it("holds out the asked share of every class, and leaves one image on either side of a class of two", () => {
    fc.assert(
      fc.property(anyLabels, anyOptions, (labels, options) => {
        const { train, validation } = stratify(labels, options);
        for (const label of new Set(labels)) {
          const [learnt, held] = [count(labels, train, label), count(labels, validation, label)];
          if (options.validation === 0) expect(held).toBe(0);
          else if (learnt + held === 1) expect(learnt).toBe(1);
          else {
            expect(Math.min(learnt, held)).toBeGreaterThanOrEqual(1);
            if (Math.min(learnt, held) > 1) expect(Math.abs(held - options.validation * (learnt + held))).toBeLessThanOrEqual(0.5);
          }
        }
      }),
    );
  });

  it("gives the same split for a seed, and another for another", () => {
    const labels = Array.from({ length: 60 }, (_, i) => i % 3);
    expect(stratify(labels, { seed: 7 })).toEqual(stratify(labels, { seed: 7 }));
    expect(stratify(labels, { seed: 7 })).not.toEqual(stratify(labels, { seed: 8 }));
    expect(stratify(labels)).toEqual(stratify(labels, { validation: 0.2, seed: 0 }));
  });

  it("does not move a class when another grows", () => {
    fc.assert(
      fc.property(anyLabels, fc.nat({ max: 50 }), (labels, more) => {
        const old = labels.map((label) => label + 1);
        const grown = [...old, ...new Array<number>(more).fill(0)];
        expect(stratify(grown).validation.filter((index) => index < old.length)).toEqual(stratify(old).validation);
      }),
    );
  });

  it("is the split that was made when this test was written", () => {
    expect(stratify(Array.from({ length: 20 }, (_, i) => i % 2)).validation).toMatchInlineSnapshot(`
      [
        4,
        8,
        15,
        19,
      ]
    `);
  });

  it("refuses shares and seeds that are none", () => {
    for (const validation of [-0.1, 1, Number.NaN]) expect(() => stratify([0], { validation })).toThrow(ArgumentError);
    for (const seed of [-1, 0.5, Number.NaN]) expect(() => stratify([0], { seed })).toThrow(ArgumentError);
  });
});

describe("splitDataset", () => {
  const items = Array.from({ length: 12 }, (_, i) => ({ image: `${i}.png`, label: i % 2, id: `${i}` }));
  const dataset = createDataset(["even", "odd"], items);

  it("keeps classes, items and order", async () => {
    const { classes, train, validation } = await splitDataset(dataset, { validation: 0.25, seed: 3 });
    expect(classes).toEqual(["even", "odd"]);
    expect([train.length, validation.length]).toEqual([8, 4]);
    const ids = await Promise.all([...new Array(8).keys()].map(async (i) => Number((await train.item(i)).id)));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  it("works for data sets that answer later", async () => {
    const later = { ...dataset, item: async (index: number) => items[index] };
    const [now, then] = await Promise.all([splitDataset(dataset), splitDataset(later)]);
    expect(now.validation.item(0)).toEqual(then.validation.item(0));
  });

  it("a subset names an index that is not there", () => {
    expect(dataset.subset([3, 3, 0]).item(1)).toEqual(items[3]);
    expect(() => dataset.item(12)).toThrow(new ArgumentError("data set: expected an index from 0 to 11, got 12"));
    expect(() => dataset.subset([-1])).toThrow(ArgumentError);
  });
});
