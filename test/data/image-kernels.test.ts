import { beforeAll, describe, expect, it } from "vitest";
import { randomAt } from "../../src/data/draws.js";
import { ImageEngine } from "../../src/data/image-engine.js";
import { Canvas } from "../../src/data/transforms/canvas.js";
import * as transforms from "../../src/data/transforms/index.js";
import { runPipeline } from "../../src/data/transforms/pipeline.js";
import { fastestBuild, instantiate, type Kernels } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";
import { noise } from "./noise.js";
import { bytesOf, openCanvas, place } from "./open-canvas.js";

const {
  AugMix,
  autoAugmentation,
  CenterCrop,
  ColorJitter,
  GaussianBlur,
  Normalize,
  Pad,
  RandomAffine,
  RandomGrayscale,
  RandomHorizontalFlip,
  RandomRotation,
  Resize,
} = transforms;
const normalize = Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4], { channelOrder: "bgr" });
/** Together they call every kernel but those that bring bytes in and out. */
const pipelines: Record<string, transforms.Pipeline> = {
  "Resize bilinear": [Resize([19, 23])],
  "Resize lanczos": [Resize([50, 47], { interpolation: "lanczos" })],
  "Resize nearest": [Resize([19, 23], { interpolation: "nearest" })],
  "crop and flip": [CenterCrop([21, 17]), RandomHorizontalFlip({ p: 1 })],
  Pad: [Pad(5, { paddingMode: "reflect" })],
  "rotation, nearest": [RandomRotation(180)],
  "rotation, quarter": [RandomRotation([90, 90], { expand: true })],
  "affine, bilinear": [RandomAffine(40, { shear: 9, interpolation: "bilinear" })],
  "colour after crop": [CenterCrop([21, 17]), ColorJitter({ brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.4 })],
  gray: [RandomGrayscale({ p: 1 })],
  blur: [CenterCrop([21, 17]), GaussianBlur([7, 11], { sigma: 2 })],
  Normalize: [CenterCrop([21, 17]), normalize],
  "affine, bicubic": [RandomAffine(40, { shear: 9, interpolation: "bicubic" })],
  AugMix: [CenterCrop([21, 17]), AugMix({ mixtureWidth: 8, chainDepth: 6, severity: 10 })],
  "blur of boxes and smoothing": [autoAugmentation("rand-m9-n14-p1-t3aw")],
};
/** Of what only training takes. */
const named = ["blend_u8"];
const random = randomAt({ seed: 11, stream: [] });
const [width, height] = [29, 31];
const input = (seed = 2) => noise(seed, width * height * 3);

describe("image kernels", () => {
  const canary = 0xa5;
  const slack = 64;
  let parts: number[] = [];

  /** Marks the bytes between the parts that it hands out. */
  class GuardedCanvas extends Canvas {
    override allocate(bytes: number): number {
      const at = super.allocate(bytes);
      const end = at + Math.ceil(bytes / 64) * 64;
      new Uint8Array(this.buffer, end, slack).fill(canary);
      parts.push(end);
      return at;
    }
  }

  let guarded: GuardedCanvas;
  let plain: Canvas;
  /** Every kernel call cut in three shares, the last first. */
  let split: Canvas;

  beforeAll(async () => {
    await (await ImageEngine.open()).load(Object.values(pipelines).flat()); // the steps; each canvas has kernels of its own
    const memory = createMemory(1 << 20);
    const kernels = await instantiate({ build: "simd", memory, named });
    guarded = new GuardedCanvas(kernels, memory, 65536);
    plain = await openCanvas();
    const other = createMemory(65536);
    const whole = await instantiate({ build: "simd", memory: other, named });
    const shares: Kernels = Object.fromEntries(
      Object.entries(whole).map(([name, kernel]) => [
        name,
        (...args: number[]) => {
          const [begin, end] = args.splice(-2);
          const cuts = [begin, begin + ((end - begin) >> 2), begin + ((end - begin) >> 1), end];
          return [2, 1, 0].reduce((sum, i) => sum + Number(kernel(...args, cuts[i], cuts[i + 1]) ?? 0), 0);
        },
      ]),
    );
    split = new Canvas(shares, other, 65536);
  });

  it.each(Object.keys(pipelines))("%s writes nothing outside its result", (name) => {
    parts = [];
    const image = place(guarded, input(), width, height, 3);
    runPipeline(guarded, image, pipelines[name], random);
    expect(parts.length).toBeGreaterThan(2);
    for (const end of parts) expect(new Uint8Array(guarded.buffer, end, slack).every((byte) => byte === canary)).toBe(true);
  });

  it("notices a write outside", () => {
    parts = [];
    place(guarded, input(), width, height, 3);
    guarded.kernels.unpack_u8(parts[0] - 4, guarded.place(input()), 3, 0, 2);
    expect(new Uint8Array(guarded.buffer, parts[0], slack).every((byte) => byte === canary)).toBe(false);
  });

  it.each(Object.keys(pipelines))("%s gives the same bytes in any shares", (name) => {
    const results = [plain, split].map((canvas) => {
      const result = runPipeline(canvas, place(canvas, input(), width, height, 3), pipelines[name], random);
      if (result.dtype === "uint8") return bytesOf(canvas, result, 3);
      return new Uint8Array(canvas.buffer, result.at, result.width * result.height * 12).slice();
    });
    expect(results[1]).toEqual(results[0]);
  });

  it("normalise every level of every channel as PyTorch does, each step rounded to float32", () => {
    const [mean, std] = [[0.485, -0.456, 1e-3], [0.229, -0.224, 1e3]]; // biome-ignore format: a row of numbers
    const { fround } = Math;
    for (const [channelOrder, scale, columns] of [
      ["rgb", 1 / 255, 256],
      ["bgr", 0.1, 255],
      ["rgb", 1, 1],
      ["bgr", 1 / 3, 6],
    ] as const) {
      const data = Uint8Array.from({ length: columns * 3 * 3 }, (_, i) => (i * 7 + (i >> 8)) & 255);
      const steps = [Normalize(mean, std, { scale, channelOrder })];
      const result = runPipeline(plain, place(plain, data, columns, 3, 3), steps, random);
      const found = new Float32Array(plain.buffer, result.at, data.length);
      const expected = data.map((_, i) => data[channelOrder === "rgb" ? i : i + 2 - 2 * (i % 3)]);
      const float = (level: number, channel: number) => fround(fround(fround(level * scale) - fround(mean[channel])) / fround(std[channel]));
      expect(found.every((value, i) => Object.is(value, float(expected[i], i % 3)))).toBe(true);
      const gray = runPipeline(plain, place(plain, data, columns * 9, 1, 1), [Normalize([0.3], [0.7], { scale })], random);
      const level = (value: number) => fround(fround(fround(value * scale) - fround(0.3)) / fround(0.7));
      expect([...new Float32Array(plain.buffer, gray.at, data.length)]).toEqual([...data].map(level));
    }
  });

  it("mirror rows of any length", () => {
    for (let columns = 1; columns < 11; columns++) {
      const data = noise(columns, columns * 4 * 3);
      const result = runPipeline(plain, place(plain, data, columns, 4, 3), [RandomHorizontalFlip({ p: 1 })], random);
      const expected = data.map((_, i) => data[i + 3 * (columns - 1 - 2 * (Math.floor(i / 3) % columns))]);
      expect(bytesOf(plain, result, 3)).toEqual(expected);
    }
  });

  it("give the same bytes in every build that runs here", async () => {
    const engines = await Promise.all([ImageEngine.open("simd"), ImageEngine.open(await fastestBuild())]);
    for (const engine of engines) await engine.load(Object.values(pipelines).flat());
    for (const pipeline of Object.values(pipelines)) {
      const [simd, fastest] = engines.map((engine) => engine.run({ data: input(), width, height, channels: 3 }, pipeline, random));
      expect(fastest).toEqual(simd);
    }
  });
});
