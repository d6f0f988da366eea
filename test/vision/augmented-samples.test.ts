import { describe, expect, it } from "vitest";
import { createModel, type Dataset, describeArchitecture, type ImageSource, Trainer, transforms } from "../../src/index.js";
import { augmentedSamples } from "../../src/vision/index.js";

const side = 32;
/** A slope of red to the right, and of green downwards. */
const image = {
  data: Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => [5 * (Math.floor(i / 3) % 40), 5 * Math.floor(i / 120), 90][i % 3]),
  width: 40,
  height: 40,
  channels: 3,
} as const satisfies ImageSource;

const preprocessing = { resize: side, crop: side, interpolation: "bilinear", mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.25] } as const;

describe("augmented samples", () => {
  it("are what a training sees of an image in its first epochs", async () => {
    const model = await createModel("resnet20", { labels: ["a", "b"], seed: 1, inline: true, preprocessing });
    const seen: Float32Array[] = [];
    const data: Dataset = { classes: ["a", "b"], length: 1, item: async () => ({ image, label: 0, id: "one" }), subset: () => data };
    const trainer = new Trainer(model, { train: data }, { epochs: 3, batchSize: 1, seed: 5, augmentation: { erasing: 1 }, build: "simd" });
    const { session } = model;
    const prepare = session.prepare.bind(session);
    session.prepare = async (...given) => {
      const program = await prepare(...given);
      const run = program.run.bind(program);
      program.run = (inputs) => {
        if (inputs.x instanceof Float32Array && inputs.x.length === side * side * 3) seen.push(inputs.x.slice());
        return run(inputs);
      };
      return program;
    };
    await trainer.fit();
    model.close();
    const samples = await augmentedSamples({ preprocessing }, image, { count: 3, seed: 5, augmentation: { erasing: 1 } });
    expect(seen.length).toBeGreaterThanOrEqual(3);
    samples.forEach(({ data, width, height, channels }, epoch) => {
      expect([width, height, channels, data.length]).toEqual([side, side, 4, side * side * 4]);
      const expected = Uint8ClampedArray.from({ length: side * side * 4 }, (_, i) => {
        const channel = i % 4;
        return channel === 3 ? 255 : 255 * (seen[epoch][Math.floor(i / 4) * 3 + channel] * preprocessing.std[channel] + preprocessing.mean[channel]);
      });
      expect(data).toEqual(expected);
    });
  });

  it("show the image as it is where nothing varies, in the order of colours that screens have", async () => {
    const whole = { scale: [1, 1], ratio: [1, 1], flip: 0 } as const;
    for (const kind of [{}, { channelOrder: "bgr", scale: 1, mean: [100, 120, 130], std: [1] }] as const) {
      const [first, second] = await augmentedSamples({ preprocessing: { ...preprocessing, crop: 40, ...kind } }, image, { augmentation: whole, count: 2 });
      expect([...first.data.subarray(40 * 4 * 10 + 4 * 20, 40 * 4 * 10 + 4 * 20 + 4)]).toEqual([100, 50, 90, 255]);
      expect(second.data).toEqual(first.data);
    }
    const gray = { ...preprocessing, channels: 1, mean: [0.5], std: [0.5] } as const;
    const [{ data }] = await augmentedSamples({ preprocessing: gray }, image, { augmentation: whole, count: 1 });
    expect(new Set(data.subarray(0, 3)).size).toBe(1);
  });

  it("follow from the seed, and vary as they are told", async () => {
    const of = await describeArchitecture("resnet20");
    const take = (seed: number, augmentation = {}) => augmentedSamples(of, image, { count: 4, seed, augmentation });
    expect(await take(1)).toEqual(await take(1));
    expect(await take(1)).not.toEqual(await take(2));
    const turned = await take(1, { extra: [transforms.RandomRotation(45)] });
    expect(turned).not.toEqual(await take(1));
    await expect(augmentedSamples(of, image, { count: 0 })).rejects.toThrow("count expected 1 to 64, got 0");
    await expect(augmentedSamples(of, image, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
