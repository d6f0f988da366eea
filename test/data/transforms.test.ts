import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, DataError, LimitError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import type { Pixels } from "../../src/data/decode/pixels.js";
import { randomAt } from "../../src/data/draws.js";
import { ImageEngine } from "../../src/data/image-engine.js";
import { colorJitter } from "../../src/data/transforms/color.js";
import { randomRectangle } from "../../src/data/transforms/crop.js";
import { randomErasing } from "../../src/data/transforms/erase.js";
import * as transforms from "../../src/data/transforms/index.js";
import { roundHalfEven } from "../../src/data/transforms/rounding.js";
import { randomAffine } from "../../src/data/transforms/warp.js";
import { noise } from "./noise.js";

const { CenterCrop, CornerCrop, ColorJitter, Compose, GaussianBlur, Normalize, Pad, RandomAffine, RandomApply, RandomCrop, RandomErasing } = transforms;
const { RandomGrayscale, RandomHorizontalFlip, RandomResizedCrop, RandomRotation, RandomVerticalFlip, Resize } = transforms;

let engine: ImageEngine;
beforeAll(async () => {
  engine = await ImageEngine.open();
  await engine.load(everything);
});

const imageOf = (width: number, height: number, seed = 1, channels: 1 | 3 | 4 = 3): Pixels => ({
  data: noise(seed, width * height * channels),
  width,
  height,
  channels,
});
const imagenet = Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/** One of everything that draws. */
const everything = [
  RandomCrop([30, 34], { padding: 2 }),
  RandomResizedCrop(24),
  RandomHorizontalFlip(),
  RandomVerticalFlip(),
  RandomRotation(30),
  RandomAffine(10, { translate: [0.1, 0.2], scale: [0.8, 1.2], shear: [-5, 5, -3, 3], interpolation: "bilinear" }),
  RandomApply([ColorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }), GaussianBlur(3)], { p: 0.8 }),
  RandomGrayscale(),
  imagenet,
  RandomErasing({ value: "random" }),
];

describe("descriptions", () => {
  it("are plain data that reads back as the same pipeline", () => {
    const pipeline = [...everything, CornerCrop([8, 9], { vertical: "bottom" }), Compose([RandomErasing({ p: 1, value: [1, 2, 3] })])];
    expect(transforms.parsePipeline(JSON.parse(JSON.stringify(pipeline)))).toEqual(pipeline);
    expect(structuredClone(pipeline)).toEqual(pipeline);
  });

  it("have torchvision's defaults", () => {
    expect(RandomResizedCrop(224)).toEqual({ name: "RandomResizedCrop", size: 224, scale: [0.08, 1], ratio: [3 / 4, 4 / 3], interpolation: "bilinear" });
    expect(RandomErasing()).toEqual({ name: "RandomErasing", p: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0, count: 1 });
    expect(RandomRotation(10)).toEqual({ name: "RandomRotation", degrees: 10, interpolation: "nearest", expand: false, center: null, fill: 0 });
    expect(GaussianBlur(5)).toMatchObject({ sigma: [0.1, 2] });
    expect(RandomGrayscale()).toMatchObject({ p: 0.1 });
  });

  it.each<[string, () => unknown, string]>([
    ["size", () => Resize(0), "Resize: size: expected a whole number of at least 1, got 0"],
    ["pair", () => CenterCrop([3, 4, 5] as never), "CenterCrop: size: expected a list of 2 whole numbers of at least 1, got [3,4,5]"],
    ["interpolation", () => Resize(8, { interpolation: "cubic" as never }), 'Resize: interpolation: expected "nearest" or "box" or'],
    ["maxSize", () => Resize(8, { maxSize: 8 }), "Resize: maxSize: expected a whole number above 8, got 8"],
    ["maxSize of a pair", () => Resize([8, 8], { maxSize: 9 }), "maxSize needs a size of one number"],
    ["corner", () => CornerCrop(8, { vertical: "left" as never }), 'CornerCrop: vertical: expected "top" or "bottom", got "left"'],
    ["range", () => RandomResizedCrop(8, { scale: [1, 0.5] }), "RandomResizedCrop: scale: expected [low, high] with low <= high, got [1,0.5]"],
    ["probability", () => RandomHorizontalFlip({ p: 1.5 }), "RandomHorizontalFlip: p: expected a number from 0 to 1, got 1.5"],
    ["warp filter", () => RandomRotation(9, { interpolation: "lanczos" as never }), 'RandomRotation: interpolation: expected "nearest" or "bilinear"'],
    ["translate", () => RandomAffine(0, { translate: [0.1, 2] }), "RandomAffine: translate: expected a list of 2 numbers from 0 to 1, got [0.1,2]"],
    ["shear", () => RandomAffine(0, { shear: -1 }), "RandomAffine: shear: expected a number of at least 0, got -1"],
    ["hue", () => ColorJitter({ hue: 0.6 }), "ColorJitter: hue: expected a number from 0 to 0.5, got 0.6"],
    ["odd kernel", () => GaussianBlur(4), "GaussianBlur: kernelSize: expected odd numbers, got 4"],
    ["std", () => Normalize([0], [0]), "Normalize: std: expected numbers other than 0, got [0]"],
    ["NaN", () => Normalize([Number.NaN], [1]), "Normalize: mean: expected a list of 1 or 3 numbers"],
    ["fill", () => Pad(1, { fill: 256 }), "Pad: fill: expected a number from 0 to 255, got 256"],
    ["unknown parameter", () => transforms.parsePipeline([{ name: "CenterCrop", sizes: 3 }]), "CenterCrop: expected the parameters size, got sizes"],
    ["missing parameter", () => transforms.parsePipeline([{ name: "CenterCrop" }]), "CenterCrop: size is missing"],
    ["unknown transform", () => transforms.parsePipeline([{ name: "Sharpen" }]), "pipeline[0]: expected a transform named Resize, "],
    ["nested", () => RandomApply([{ name: "Nothing" }]), "RandomApply: transforms[0]: expected a transform named"],
  ])("refuse a wrong %s", (_what, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});

describe("the engine", () => {
  it("refuses what does not fit", () => {
    expect(() => engine.run({ data: new Uint8Array(11), width: 2, height: 2, channels: 3 }, [])).toThrow("got 11 for 2x2x3");
    expect(() => engine.run({ data: new Uint8Array(0), width: 0, height: 2, channels: 3 }, [])).toThrow(ArgumentError);
    expect(() => engine.run(imageOf(4, 4), [imagenet, CenterCrop(2)])).toThrow("CenterCrop must come before Normalize");
    expect(() => engine.run(imageOf(4, 4), [CenterCrop(2), RandomHorizontalFlip()])).toThrow("step 1 of the pipeline draws at random");
    expect(() => engine.run(imageOf(9, 9), [RandomErasing({ p: 1, value: "random" })], randomAt({ seed: 0, stream: [] }))).toThrow("must come after Normalize");
    expect(() => engine.run(imageOf(4, 4), [CornerCrop([4, 5])])).toThrow(new DataError("CornerCrop: a crop of 5x4 does not fit into 4x4 pixels"));
    expect(() => engine.run(imageOf(4, 4), [RandomCrop(5)], randomAt({ seed: 0, stream: [] }))).toThrow(DataError);
    for (const huge of [Resize(256), Resize([1, 200_000_000]), Pad(1_000_000_000), CenterCrop(100_000)]) {
      expect(() => engine.run(imageOf(1, 9000), [huge])).toThrow(LimitError);
    }
    expect(engine.run(imageOf(1, 9000), [Resize(256), CenterCrop(8)]).data.length).toBe(8 * 8 * 3);
    expect(() => engine.run(imageOf(4, 4, 1, 1), [imagenet], undefined, { channels: 1 })).toThrow("for an image of 1 channel");
  });

  it("takes gray, RGB and RGBA, and makes RGB or gray of them as Pillow does", () => {
    const [r, g, b] = [200, 17, 93];
    const luma = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    const of = (data: number[], channels: 1 | 3 | 4, wanted: 1 | 3) => [
      ...engine.run({ data: Uint8Array.from(data), width: 1, height: 1, channels }, [], undefined, { channels: wanted }).data,
    ];
    expect(of([r, g, b], 3, 3)).toEqual([r, g, b]);
    expect(of([r, g, b, 7], 4, 3)).toEqual([r, g, b]);
    expect(of([r], 1, 3)).toEqual([r, r, r]);
    expect(of([r, g, b], 3, 1)).toEqual([luma]);
    expect(of([r, g, b, 7], 4, 1)).toEqual([luma]);
    expect(of([r], 1, 1)).toEqual([r]);
  });

  it("gives results that no later run changes", () => {
    const first = engine.run(imageOf(8, 8), [imagenet]);
    const copy = first.data.slice();
    engine.run(imageOf(50, 50, 9), [imagenet]);
    expect(first.data).toEqual(copy);
  });

  it("draws the same for a sample in any order and on any engine, and differently for others", async () => {
    const other = await ImageEngine.open();
    await other.load(everything);
    const samples = Array.from({ length: 8 }, (_, i) => i);
    const prepared = (runner: ImageEngine, epoch: number, sample: number) =>
      runner.run(imageOf(40, 36, sample % 2), everything, randomAt({ seed: 3, stream: [epoch, sample] })).data;
    const forwards = samples.map((sample) => prepared(engine, 0, sample));
    const backwards = [...samples].reverse().map((sample) => prepared(sample % 2 ? other : engine, 0, sample));
    expect(backwards.reverse()).toEqual(forwards);
    expect(forwards[0]).not.toEqual(forwards[2]);
    expect(prepared(engine, 1, 0)).not.toEqual(forwards[0]);
    for (const data of forwards) expect(data.every(Number.isFinite)).toBe(true);
  });

  it("keeps the draws of a step when steps around it draw more", () => {
    const random = randomAt({ seed: 0, stream: [0, 0] });
    const alone = engine.run(imageOf(30, 30), [Pad(0), RandomCrop(20)], random);
    expect(engine.run(imageOf(30, 30), [RandomGrayscale({ p: 0 }), RandomCrop(20)], random)).toEqual(alone);
  });
});

describe("sampling", () => {
  const draws = (count: number, seed = 5) => Array.from({ length: count }, (_, i) => new Random(seed, i));

  it("RandomResizedCrop keeps the area and ratio ranges, and falls back to the middle", () => {
    const size = { width: 500, height: 375 };
    const rectangles = draws(2000).map((random) => randomRectangle(size, [0.08, 1], [3 / 4, 4 / 3], random));
    for (const { top, left, width, height } of rectangles) {
      expect(top >= 0 && left >= 0 && top + height <= 375 && left + width <= 500).toBe(true);
      expect((width * height) / (500 * 375)).toBeGreaterThan(0.078);
      expect(width / height).toBeGreaterThan(0.74);
      expect(width / height).toBeLessThan(1.35);
    }
    const areas = rectangles.map(({ width, height }) => (width * height) / (500 * 375));
    expect(Math.min(...areas)).toBeLessThan(0.1);
    expect(Math.max(...areas)).toBeGreaterThan(0.95);
    expect(randomRectangle({ width: 100, height: 10 }, [1, 1], [3 / 4, 4 / 3], draws(1)[0])).toEqual({ top: 0, left: 43, height: 10, width: 13 });
    expect(randomRectangle({ width: 10, height: 100 }, [1, 1], [3 / 4, 4 / 3], draws(1)[0])).toEqual({ top: 43, left: 0, height: 13, width: 10 });
  });

  it("ColorJitter uses every order and stays in its ranges", () => {
    const parameters = ColorJitter({ brightness: 2, contrast: [0.5, 0.7], hue: 0.1 });
    const samples = draws(400).map((random) => colorJitter.sample(parameters, { width: 1, height: 1 }, () => random) ?? []);
    expect(new Set(samples.map((sample) => sample.map(({ name }) => name).join())).size).toBe(6);
    const ranges: Record<string, [number, number]> = { brightness: [0, 3], contrast: [0.5, 0.7], hue: [-0.1, 0.1] };
    for (const { name, factor } of samples.flat()) expect(factor >= ranges[name][0] && factor < ranges[name][1]).toBe(true);
    expect(colorJitter.sample(ColorJitter(), { width: 1, height: 1 }, () => draws(1)[0])).toEqual([]);
  });

  it("RandomAffine shifts by whole pixels in range", () => {
    const parameters = RandomAffine([-10, 20], { translate: [0.1, 0], scale: [0.5, 2], shear: 3 });
    for (const random of draws(200)) {
      const sample = randomAffine.sample(parameters, { width: 50, height: 40 }, () => random);
      expect(sample).toMatchObject({ translate: [expect.any(Number), 0], shear: [expect.any(Number), 0] });
      if (!sample) continue;
      expect(Math.abs(sample.translate[0]) <= 5 && Number.isInteger(sample.translate[0])).toBe(true);
      expect(sample.angle >= -10 && sample.angle < 20 && sample.scale >= 0.5 && sample.scale < 2 && Math.abs(sample.shear[0]) <= 3).toBe(true);
    }
  });

  it("RandomErasing erases about p of the images, inside them", () => {
    const parameters = RandomErasing({ p: 0.3 });
    const samples = draws(1000).map((random) => randomErasing.sample(parameters, { width: 60, height: 50 }, () => random));
    const erased = samples.flatMap((sample) => sample ?? []);
    expect(erased.length).toBeGreaterThan(250);
    expect(erased.length).toBeLessThan(350);
    for (const { top, left, height, width } of erased) expect(top >= 0 && left >= 0 && top + height <= 50 && left + width <= 60).toBe(true);
  });

  it("RandomErasing overwrites with a colour or with normal noise", () => {
    const random = randomAt({ seed: 1, stream: [] });
    const input = imageOf(64, 64, 3);
    const bytes = engine.run(input, [RandomErasing({ p: 1, value: [1, 2, 3] })], random).data;
    const floats = engine.run(input, [Normalize([0], [1]), RandomErasing({ p: 1, value: [1, 2, 3] })], (position) => random(position - 1)).data;
    const changed = [...bytes].flatMap((value, i) => (value === input.data[i] ? [] : [i]));
    expect(changed.length).toBeGreaterThan(200);
    for (const i of changed) expect([bytes[i], floats[i]]).toEqual([1 + (i % 3), 1 + (i % 3)]);
    const three = engine.run(input, [Normalize([0], [1]), RandomErasing({ p: 1, count: 3, value: 7 })], random).data;
    const colored = engine.run(input, [Normalize([0], [1]), RandomErasing({ p: 1, scale: [0.2, 0.2], value: "color" })], random).data;
    const before = engine.run(input, [Normalize([0], [1])]).data;
    expect([...three].filter((value) => value === 7).length % 3).toBe(0);
    const colors = [0, 1, 2].map((channel) => new Set([...colored].filter((value, i) => i % 3 === channel && value !== before[i])));
    expect(colors.map(({ size }) => size)).toEqual([1, 1, 1]);
    const noisy = engine.run(input, [Normalize([0], [1]), RandomErasing({ p: 1, scale: [0.5, 0.5], value: "random" })], random).data;
    const plain = engine.run(input, [Normalize([0], [1])]).data;
    const drawn = [...noisy].filter((value, i) => value !== plain[i]);
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
    expect(drawn.length).toBeGreaterThan(5000);
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(Math.abs(variance - 1)).toBeLessThan(0.06);
  });

  it("rounds halves to even", () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 1.4999, 2.51].map(roundHalfEven).map((x) => x + 0)).toEqual([0, 2, 2, 0, -2, 1, 3]);
  });
});

describe("properties", () => {
  const image = fc.record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
    channels: fc.constantFrom(1 as const, 3 as const),
  });
  const holds = (pipelineOf: (size: { width: number; height: number }) => transforms.Pipeline) =>
    fc.assert(
      fc.property(image, ({ width, height, seed, channels }) => {
        const input = imageOf(width, height, seed, channels);
        const output = engine.run(input, pipelineOf({ width, height }), randomAt({ seed, stream: [] }), { channels });
        expect({ ...output }).toEqual({ ...input });
      }),
      { numRuns: 60 },
    );

  it("cropping undoes padding", () => {
    for (const paddingMode of ["constant", "edge", "reflect", "symmetric"] as const) {
      holds(({ width, height }) => [Pad(3, { paddingMode, fill: 9 }), CenterCrop([height, width])]);
    }
  });
  it("two flips are none", () => {
    holds(() => [RandomHorizontalFlip({ p: 1 }), RandomHorizontalFlip({ p: 1 })]);
    holds(() => [RandomVerticalFlip({ p: 1 }), RandomVerticalFlip({ p: 1 })]);
  });
  it("two flips are a half turn", () => holds(() => [RandomHorizontalFlip({ p: 1 }), RandomVerticalFlip({ p: 1 }), RandomRotation([180, 180])]));
  it("four quarter turns are none", () => holds(() => Array.from({ length: 4 }, () => RandomRotation([90, 90], { expand: true }))));
  it("a quarter turn and three back are none", () => holds(() => [90, 270].map((angle) => RandomRotation([angle, angle], { expand: true }))));
  it("resizing to the same size is nothing", () => holds(({ width, height }) => [Resize([height, width], { interpolation: "lanczos" })]));
  it("neutral colour changes are none", () =>
    holds(() => [
      ColorJitter({ brightness: [1, 1], contrast: [1, 1], saturation: [1, 1] }),
      RandomAffine(0),
      RandomApply([RandomGrayscale({ p: 1 })], { p: 0 }),
    ]));
  it("a uniform image stays what it is under every filter", () => {
    const value = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(image, value, fc.constantFrom("box", "bilinear", "hamming", "bicubic", "lanczos"), ({ width, height }, level, interpolation) => {
        const data = new Uint8Array(width * height * 3).fill(level);
        const steps = [Resize([17, 23], { interpolation: interpolation as "box" }), GaussianBlur(5, { sigma: 1 })];
        expect(engine.run({ data, width, height, channels: 3 }, steps).data.every((byte) => byte === level)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
