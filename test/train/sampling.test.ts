import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.js";
import { checkClassWeights, imagesByClass, shuffled, weighted } from "../../src/train/sampling.js";
import { tinyData } from "./tiny.js";

const byClass = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8],
  [9, 10],
  [11, 12, 13, 14, 15, 16, 17, 18, 19],
];
const countsOf = (order: Uint32Array) => {
  const counts = new Array(20).fill(0);
  for (const position of order) counts[position]++;
  return counts as number[];
};
const shares = (counts: readonly number[]) => byClass.map((some) => some.reduce((sum, position) => sum + counts[position], 0));

describe("weighted order", () => {
  it("balanced: as many images of each class, to within one, and each image of a class as often, to within one", () => {
    const seen = new Set<string>();
    for (let epoch = 0; epoch < 50; epoch++) {
      const order = weighted(byClass, [1, 1, 1], new Random(3, epoch));
      const counts = countsOf(order);
      const classes = shares(counts);
      expect(order.length).toBe(20);
      expect([...classes].sort()).toEqual([6, 7, 7]);
      seen.add(classes.join());
      for (const some of byClass) {
        const times = some.map((position) => counts[position]);
        expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
      }
    }
    expect(seen.size).toBe(3); // which class is the one short changes
  });

  it("over epochs all images of a class come equally often", () => {
    const total = new Array(20).fill(0);
    const epochs = 400;
    for (let epoch = 0; epoch < epochs; epoch++)
      countsOf(weighted(byClass, [1, 1, 1], new Random(3, epoch))).forEach((count, i) => {
        total[i] += count / epochs;
      });
    byClass.forEach((some) => some.forEach((position) => expect(total[position] / (20 / 3 / some.length)).toBeCloseTo(1, 0.9)));
  });

  it("weights are shares; a class that weighs nothing, or has no image, is not there", () => {
    expect(shares(countsOf(weighted(byClass, [3, 1, 0], new Random(1))))).toEqual([15, 5, 0]);
    expect(
      countsOf(weighted([[0, 1, 2], [], [3]], [1, 5, 1], new Random(1)))
        .slice(0, 4)
        .reduce((sum, count) => sum + count),
    ).toBe(4);
  });

  it("follows from its draws, and is in no order", () => {
    const first = weighted(byClass, [1, 1, 1], new Random(1, 2));
    expect(weighted(byClass, [1, 1, 1], new Random(1, 2))).toEqual(first);
    expect(weighted(byClass, [1, 1, 1], new Random(1, 3))).not.toEqual(first);
    expect([...first]).not.toEqual([...first].sort((a, b) => a - b));
  });
});

it("shuffled: every image once, in the order that training has always had", () => {
  const order = shuffled(9, new Random(5, 1, 0, 0));
  expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(order).toEqual(new Random(5, 1, 0, 0).shuffle(Uint32Array.from({ length: 9 }, (_, i) => i)));
});

it("imagesByClass", async () =>
  expect(await imagesByClass(tinyData(7))).toEqual([
    [0, 3, 6],
    [1, 4],
    [2, 5],
  ]));

describe("checkClassWeights", () => {
  it.each([undefined, "balanced", [1, 0, 2.5]])("takes %j", (weights) => expect(checkClassWeights("classWeights", weights, 3)).toBeUndefined());

  it.each([[[1, 2]], [[1, 2, -1]], [[0, 0, 0]], [[1, 2, Number.NaN]], ["shuffle"], [3]])("refuses %j", (weights) => {
    expect(() => checkClassWeights("classWeights", weights as never, 3)).toThrow('train: classWeights expected "balanced" or 3 numbers of 0 or more');
  });

  it("sampling may be shuffled", () => expect(checkClassWeights("sampling", "shuffle", 3)).toBeUndefined());
});
