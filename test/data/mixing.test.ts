import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import { type Box, checkedMixing, cut, drawShare, type Mixing, mixBatch, mixWith } from "../../src/data/mixing.js";

interface Case {
  readonly mode: Mixing["mode"];
  readonly labels: readonly number[];
  /** Share or box of the batch, of each pair or of each image. */
  readonly draws: readonly (number | Box)[];
  readonly x: string;
  readonly targets: readonly (readonly number[])[];
}

const { cases, classes, ...size }: { readonly cases: readonly Case[]; classes: number; height: number; width: number; channels: number } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/mixing.json"), "utf8"),
);
const { height, width, channels } = size;

/** As scripts/fixtures/mixing.py. */
function noise(seed: number, length: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 24) - 128) / 37;
  });
}

const batchOf = (labels: readonly number[], seed = 1) => ({
  x: noise(seed, labels.length * height * width * channels),
  labels: Int32Array.from(labels),
  classes,
  height,
  width,
  channels,
});

test.each(cases.map((each, i) => [each.mode, JSON.stringify(each.draws), i + 1, each] as const))(
  "a %s mixed by %s is timm's, to the bit",
  (mode, _, seed, { labels, draws, x, targets }) => {
    const batch = batchOf(labels, seed);
    const round = mode === "batch" ? (own: number) => own : Math.fround;
    const shares = draws.map((draw) => (typeof draw === "number" ? { own: draw } : cut(batch, draw))).map(({ own, ...rest }) => ({ own: round(own), ...rest }));
    const last = labels.length - 1;
    const found = mixWith(batch, (i) => shares[mode === "batch" ? 0 : mode === "pair" ? Math.min(i, last - i) : i]);
    expect(createHash("sha256").update(new Uint8Array(batch.x.buffer)).digest("hex").slice(0, 16)).toBe(x);
    expect([...found]).toEqual(targets.flat());
  },
);

test("the image in the middle of an odd number keeps its pixels and its label", () => {
  const [batch, before] = [batchOf([0, 1, 2]), batchOf([0, 1, 2])];
  const pixels = height * width * channels;
  const targets = mixBatch(batch, checkedMixing({ mixup: 1 }), new Random(1));
  expect(batch.x.subarray(pixels, 2 * pixels)).toEqual(before.x.subarray(pixels, 2 * pixels));
  expect(batch.x.subarray(0, pixels)).not.toEqual(before.x.subarray(0, pixels));
  expect([...targets.subarray(classes, 2 * classes)]).toEqual([0, 1, 0, 0]);
});

describe("draws", () => {
  const draw = (options: Partial<Mixing>, count = 1000) => {
    const random = new Random(7);
    const shares = Array.from({ length: count }, () => drawShare({ height: 40, width: 60 }, checkedMixing(options), random));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const owns = shares.map(({ own }) => own);
    return { shares, owns, mean: mean(owns), variance: mean(owns.map((own) => (own - mean(owns)) ** 2)) };
  };

  test.each([0.2, 1, 4])("mixup's shares are of beta(alpha, alpha) for alpha %d", (alpha) => {
    const { mean, variance, shares } = draw({ mixup: alpha }, 4000);
    const expected = 1 / (4 * (2 * alpha + 1));
    // Five standard errors of the mean, and of the variance (kurtosis below 3 for all of these).
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(expected / 4000));
    expect(Math.abs(variance - expected)).toBeLessThan(5 * expected * Math.sqrt(2 / 4000));
    expect(shares.every(({ box }) => box === undefined)).toBe(true);
  });

  test("cutmix' boxes lie inside, have the image's form unless the border cuts them, and say what the image keeps", () => {
    const { shares } = draw({ cutmix: 1 });
    for (const { own, box = [0, 0, 0, 0] } of shares) {
      const [top, bottom, left, right] = box;
      expect(top >= 0 && bottom <= 40 && left >= 0 && right <= 60 && top <= bottom && left <= right).toBe(true);
      expect(own).toBe(1 - ((bottom - top) * (right - left)) / 2400);
      if (top > 0 && bottom < 40 && left > 0 && right < 60) expect(Math.abs((bottom - top) / 40 - (right - left) / 60)).toBeLessThan(2 / 40);
    }
    const border = (at: (box: Box) => boolean) => shares.filter(({ box }) => box && at(box)).length;
    for (const at of [([top]: Box) => top === 0, ([, bottom]: Box) => bottom === 40, ([, , left]: Box) => left === 0, ([, , , right]: Box) => right === 60])
      expect(border(at)).toBeGreaterThan(125);
  });

  test("cutmixMinmax' sides are between its shares, anywhere in the image", () => {
    const { shares } = draw({ cutmixMinmax: [0.25, 0.75] });
    const sides = shares.map(({ box }) => box as Box).map(([top, bottom, left, right]) => [bottom - top, right - left, top, left]);
    const range = (of: number) => [Math.min(...sides.map((side) => side[of])), Math.max(...sides.map((side) => side[of]))];
    expect([0, 1].map(range)).toEqual([
      [10, 29],
      [15, 44],
    ]);
    expect([2, 3].map((of) => range(of)[0])).toEqual([0, 0]);
  });

  test("prob is how often anything is mixed, switchProb how often it is cutmix", () => {
    const share = (options: Partial<Mixing>, is: (share: { own: number; box?: Box }) => boolean) => draw(options).shares.filter(is).length / 1000;
    expect(share({ mixup: 1, prob: 0.3 }, ({ own }) => own < 1)).toBeCloseTo(0.3, 1);
    expect(share({ mixup: 1, cutmix: 1, switchProb: 0.8 }, ({ box }) => box !== undefined)).toBeCloseTo(0.8, 1);
    expect(share({ cutmix: 1, switchProb: 0 }, ({ box }) => box !== undefined)).toBeGreaterThan(0.99); // there is nothing to switch to
  });

  test("a batch draws once, a pair once, an image once", () => {
    const rows = (mode: Mixing["mode"]) => {
      const batch = batchOf([0, 0, 0, 1, 1, 1]);
      const targets = mixBatch(batch, checkedMixing({ mixup: 1, mode }), new Random(3));
      return Array.from(batch.labels, (label, i) => targets[i * classes + label]);
    };
    const distinct = (values: readonly number[]) => new Set(values).size;
    expect([rows("batch"), rows("pair"), rows("elem")].map(distinct)).toEqual([1, 3, 6]);
    const [a, b, c, d, e, f] = rows("pair");
    expect([a, b, c]).toEqual([f, e, d]);
  });
});

test.each<[object, string]>([
  [{ mixup: -1 }, "mixing: mixup: expected a number of at least 0, got -1"],
  [{ cutmix: Number.NaN }, "mixing: cutmix: expected a number of at least 0, got null"],
  [{ cutmixMinmax: [0.5, 0.2] }, "mixing: cutmixMinmax: expected [low, high] with low <= high, got [0.5,0.2]"],
  [{ mixup: 1, prob: 2 }, "mixing: prob: expected a number from 0 to 1, got 2"],
  [{ mixup: 1, mode: "half" }, 'mixing: mode: expected "batch" or "pair" or "elem", got "half"'],
  [{ mixUp: 1 }, "mixing: expected the options mixup, cutmix, cutmixMinmax, prob, switchProb, mode, got mixUp"],
  [{ prob: 1 }, "mixing: expected mixup or cutmix above 0, got neither"],
])("%j is refused", (options, message) => {
  expect(() => checkedMixing(options)).toThrow(new ArgumentError(message));
});
