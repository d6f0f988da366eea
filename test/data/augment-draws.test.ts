import { beforeAll, describe, expect, it } from "vitest";
import { beta, dirichlet } from "../../src/core/distributions.js";
import { ArgumentError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import { randomAt } from "../../src/data/draws.js";
import { ImageEngine } from "../../src/data/image-engine.js";
import { definitions } from "../../src/data/transforms/augment/index.js";
import { prepareImages } from "../../src/data/prepare.js";
import * as transforms from "../../src/data/transforms/index.js";
import { noise } from "./noise.js";

const { AugMix, AutoAugment, autoAugmentation, Normalize, RandAugment, TrivialAugmentWide } = transforms;
const size = { width: 40, height: 30 };
type Drawn = { name: string; value: number; interpolation: string }[];
/** What a step of one operation after another draws, for many images. */
const drawn = (step: transforms.Transform, count = 4000) => {
  const definition = definitions.find(({ name }) => name === step.name);
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(3, i);
    return definition?.sample(step, size, () => random) as Drawn;
  });
};
const namesOf = (samples: Drawn[]) => {
  const counts = new Map<string, number>();
  for (const { name } of samples.flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

describe("words for policies", () => {
  it("are timm's and torchvision's", () => {
    expect(autoAugmentation("rand-m9-mstd0.5-inc1")).toMatchObject({
      name: "TimmRandAugment",
      magnitude: 9,
      magnitudeStd: 0.5,
      increasing: true,
      numLayers: 2,
      p: 0.5,
    });
    expect(autoAugmentation("rand-mstd101-tweights-n3-p1-mmax20")).toMatchObject({
      magnitude: 10,
      magnitudeStd: "uniform",
      transforms: "weights",
      numLayers: 3,
      p: 1,
      magnitudeMax: 20,
    });
    expect(autoAugmentation("augmix-m5-w4-d2")).toMatchObject({
      name: "TimmAugMix",
      magnitude: 5,
      width: 4,
      depth: 2,
      alpha: 1,
      blended: false,
      magnitudeStd: "uniform",
    });
    expect(autoAugmentation("original-mstd0.5")).toMatchObject({ name: "TimmAutoAugment", policy: "original", magnitudeStd: 0.5 });
    expect(autoAugmentation("v0", { fill: [1, 2, 3], interpolation: "bicubic" })).toMatchObject({ policy: "v0", fill: [1, 2, 3], interpolation: "bicubic" });
    expect(autoAugmentation("3a")).toMatchObject({ policy: "3a", fill: 128, interpolation: "random" });
    expect([autoAugmentation("ra"), autoAugmentation("ta_wide"), autoAugmentation("svhn")]).toEqual([
      RandAugment(),
      TrivialAugmentWide(),
      AutoAugment({ policy: "svhn" }),
    ]);
  });

  it.each([
    ["rand-x3", 'augmentation "rand-x3": expected sections m, n, p, mstd, mmax, inc, t with a value each, got "x3"'],
    ["rand-m", 'got "m"'],
    ["rand-m9-m8", "section m is there twice"],
    ["rand-m1.2.3", 'section m expects a number, got "1.2.3"'],
    ["rand-m9.5", "TimmRandAugment: magnitude: expected a whole number of at least 0, got 9.5"],
    ["rand-tnothing", 'transforms: expected "all" or "weights"'],
    ["rand-n16-tweights", "numLayers: expected a whole number from 0 to 15, got 16"],
    ["augmix-inc1", 'got "inc1"'],
    ["augmix-d0", "depth: expected a number of operations or -1, got 0"],
    ["v1", 'augmentation "v1": expected "rand-m9'],
    ["ra-m9", "expected"],
  ])("%s is refused", (config, message) => {
    expect(() => autoAugmentation(config)).toThrow(ArgumentError);
    expect(() => autoAugmentation(config)).toThrow(message);
  });
});

describe("draws", () => {
  it("RandAugment takes each of fourteen operations equally often, at one strength, turned half of the time", () => {
    const samples = drawn(RandAugment());
    expect(samples.every(({ length }) => length === 2)).toBe(true);
    const counts = namesOf(samples);
    expect(counts.size).toBe(14);
    for (const [name, count] of counts) expect(Math.abs(count - 8000 / 14), name).toBeLessThan(100); // 4 deviations
    const angles = samples.flat().flatMap(({ name, value }) => (name === "Rotate" ? [value] : []));
    expect(new Set(angles).size).toBe(2);
    expect(Math.abs(angles.filter((value) => value > 0).length / angles.length - 0.5)).toBeLessThan(0.1);
  });

  it("TrivialAugmentWide takes one, of any strength", () => {
    const samples = drawn(TrivialAugmentWide());
    expect(samples.every(({ length }) => length === 1)).toBe(true);
    expect(new Set(samples.flat().flatMap(({ name, value }) => (name === "Rotate" ? [value] : []))).size).toBeGreaterThan(50);
  });

  it("timm's RandAugment keeps its probability, spreads its magnitude and draws the interpolation", () => {
    const samples = drawn(autoAugmentation("rand-m9-mstd0.5-inc1"));
    const all = samples.flat();
    expect(Math.abs(all.length / 8000 - 0.5)).toBeLessThan(0.025);
    const angles = all.flatMap(({ name, value }) => (name === "Rotate" ? [Math.abs(value)] : []));
    const mean = angles.reduce((sum, value) => sum + value, 0) / angles.length;
    const deviation = Math.sqrt(angles.reduce((sum, value) => sum + (value - mean) ** 2, 0) / angles.length);
    expect(Math.abs(mean - 27)).toBeLessThan(0.4);
    expect(Math.abs(deviation - 1.5)).toBeLessThan(0.3);
    expect(Math.max(...angles)).toBeLessThanOrEqual(30);
    expect(new Set(all.map(({ interpolation }) => interpolation))).toEqual(new Set(["bilinear", "bicubic"]));
  });

  it("weighted sets give none twice, and the heavy ones more often", () => {
    const samples = drawn(autoAugmentation("rand-m9-n3-p1-tweights"));
    for (const sample of samples) expect(new Set(sample.map(({ name }) => name)).size).toBeGreaterThan(1);
    const counts = namesOf(samples);
    expect((counts.get("Rotate") as number) / samples.length).toBeGreaterThan(0.65);
    expect((counts.get("Invert") as number) / samples.length).toBeLessThan(0.06);
  });

  it("beta and Dirichlet draws have their means and variances, also for tiny and large parameters", () => {
    for (const alpha of [0.001, 0.2, 1, 7]) {
      const values = Array.from({ length: 4000 }, (_, i) => beta(new Random(1, i), alpha));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / values.length;
      const expected = 1 / (4 * (2 * alpha + 1));
      expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(Math.abs(mean - 0.5), String(alpha)).toBeLessThan(0.035);
      expect(Math.abs(variance / expected - 1), String(alpha)).toBeLessThan(0.08);
    }
    const shares = dirichlet(new Random(2), 1, 5);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });
});

describe("policies in a pipeline", () => {
  const words = ["ra", "ta_wide", "imagenet", "rand-m9-mstd0.5-inc1", "rand-t3aw-p1", "augmix-m5-w4-d2", "augmix-b1", "original", "v0r", "3a"];
  const steps = [...words.map((word) => autoAugmentation(word)), AugMix()];
  let engines: ImageEngine[];
  beforeAll(async () => {
    engines = await Promise.all([ImageEngine.open(), ImageEngine.open()]);
    for (const engine of engines) await engine.load(steps);
  });
  const run = (engine: ImageEngine, step: transforms.Transform, sample: number, channels: 1 | 3 = 3) =>
    engine.run({ data: noise(5, 40 * 30 * 3), width: 40, height: 30, channels: 3 }, [step, Normalize([0], [1])], randomAt({ seed: 9, stream: [sample] }), {
      channels,
    }).data;

  it.each(steps.map((step, i) => [words[i] ?? "AugMix", step] as const))(
    "%s gives the same for a sample on any engine, and differs between samples",
    (_word, step) => {
      const samples = Array.from({ length: 12 }, (_, i) => i);
      const forwards = samples.map((sample) => run(engines[0], step, sample));
      const backwards = [...samples].reverse().map((sample) => run(engines[1], step, sample));
      expect(backwards.reverse()).toEqual(forwards);
      expect(new Set(forwards.map((data) => data.join())).size).toBeGreaterThan(4);
      expect(run(engines[0], step, 3, 1)).toHaveLength(40 * 30);
    },
  );

  it("give the same in the pool's threads, which fetch them when they are needed", async () => {
    const images = steps.map((_, seed) => ({ data: noise(seed, 40 * 30 * 3), width: 40, height: 30, channels: 3 as const }));
    const options = { pipeline: [...steps, Normalize([0], [1])], channels: 3 as const, draws: images.map((_, i) => ({ seed: 1, stream: [i] })) };
    const [there, here] = [await prepareImages(images, options), await prepareImages(images, { ...options, inline: true })];
    expect(there.map(({ data }) => data.join())).toEqual(here.map(({ data }) => data.join()));
    expect(there[0].data).not.toEqual(there[1].data);
  });

  it("are plain data that reads back", () => {
    expect(transforms.parsePipeline(JSON.parse(JSON.stringify(steps)))).toEqual(steps);
  });
});
