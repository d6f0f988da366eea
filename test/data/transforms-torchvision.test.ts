import { beforeAll, describe, expect, it } from "vitest";
import { ImageEngine } from "../../src/data/image-engine.js";
import { gaussianBlur } from "../../src/data/transforms/blur.js";
import type { Canvas, Raster } from "../../src/data/transforms/canvas.js";
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, grayscale } from "../../src/data/transforms/color.js";
import * as transforms from "../../src/data/transforms/index.js";
import { affine, inverseAffineMatrix, rotate } from "../../src/data/transforms/warp.js";
import fixture from "../fixtures/torchvision-transforms.json" with { type: "json" };
import { noise } from "./noise.js";
import { bytesOf, digest, openCanvas, place } from "./open-canvas.js";

const { versions } = fixture;
let canvas: Canvas;
let engine: ImageEngine;

beforeAll(async () => {
  canvas = await openCanvas();
  engine = await ImageEngine.open();
  await engine.load([transforms.Pad(1)]);
});

interface Sized {
  seed: number;
  width: number;
  height: number;
  channels: number;
}

const imageOf = ({ seed, width, height, channels }: Sized) => place(canvas, noise(seed, width * height * channels), width, height, channels);
const run = ({ seed, width, height, channels }: Sized, pipeline: transforms.Pipeline) =>
  engine.run({ data: noise(seed, width * height * channels), width, height, channels: channels as 1 | 3 }, pipeline, undefined, {
    channels: channels as 1 | 3,
  });
const resultOf = (image: Raster) => ({ width: image.width, height: image.height, sha256: digest(bytesOf(canvas, image, image.channels)) });
/** The cases whose outcome is not the fixture's. */
const wrong = <C extends Sized>(cases: C[], outcome: (one: C) => unknown, expected: (one: C) => unknown) =>
  cases.filter((one) => JSON.stringify(outcome(one)) !== JSON.stringify(expected(one)));

describe(`geometry is torchvision ${versions.torchvision}'s on Pillow ${versions.pillow} images, bit for bit`, () => {
  it("rotate", () => {
    const turned = ({ angle, interpolation, ...one }: (typeof fixture.rotate)[number]) =>
      resultOf(rotate(canvas, imageOf(one), angle, { ...one, interpolation: interpolation as "nearest" }));
    expect(wrong(fixture.rotate, turned, ({ result }) => result)).toEqual([]);
  });

  it("affine", () => {
    const warped = ({ center, interpolation, fill, ...one }: (typeof fixture.affine)[number]) => {
      const image = imageOf(one);
      const sample = { ...one, translate: one.translate as [number, number], shear: one.shear as [number, number] };
      const matrix = inverseAffineMatrix(center ?? [one.width * 0.5, one.height * 0.5], sample);
      return resultOf(affine(canvas, image, image, matrix, interpolation as "nearest", fill));
    };
    expect(wrong(fixture.affine, warped, ({ result }) => result)).toEqual([]);
  });

  const after = (one: Sized, transform: transforms.Transform) => {
    const { data, width, height } = run(one, [transform]);
    return { width, height, sha256: digest(data) };
  };

  it("Pad", () => {
    const padded = ({ padding, fill, paddingMode, ...one }: (typeof fixture.pad)[number]) =>
      after(one, transforms.Pad(padding, { fill, paddingMode: paddingMode as "edge" }));
    expect(wrong(fixture.pad, padded, ({ result }) => result)).toEqual([]);
  });

  it("CenterCrop", () => {
    const cropped = ({ size, ...one }: (typeof fixture.centerCrop)[number]) => after(one, transforms.CenterCrop(size as [number, number]));
    expect(wrong(fixture.centerCrop, cropped, ({ result }) => result)).toEqual([]);
  });

  it("Resize", () => {
    const resized = ({ size, maxSize, ...one }: (typeof fixture.resize)[number]) =>
      after(one, transforms.Resize(size as number | [number, number], { maxSize }));
    expect(wrong(fixture.resize, resized, ({ result }) => result)).toEqual([]);
  });
});

describe(`colour is torchvision ${versions.torchvision}'s on uint8 tensors, bit for bit`, () => {
  const adjustments: Record<string, (canvas: Canvas, image: Raster, factor: number) => Raster> = {
    brightness: adjustBrightness,
    contrast: adjustContrast,
    saturation: adjustSaturation,
    hue: adjustHue,
    grayscale,
  };
  it.each(Object.keys(adjustments))("%s", (name) => {
    const cases = fixture.color.filter((one) => one.name === name);
    expect(cases.length).toBeGreaterThan(1);
    const adjusted = ({ factor, ...one }: (typeof cases)[number]) => resultOf(adjustments[name](canvas, imageOf(one), factor)).sha256;
    expect(wrong(cases, adjusted, ({ sha256 }) => sha256)).toEqual([]);
  });
});

it("GaussianBlur is torchvision's within one level, where its sum and ours round a half differently", () => {
  for (const { kernelSize, sigma, base64, ...one } of fixture.blur) {
    const ours = bytesOf(canvas, gaussianBlur(canvas, imageOf(one), kernelSize, sigma), 3);
    const differences = Buffer.from(base64, "base64").map((level, i) => Math.abs(level - ours[i]));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(differences.filter((difference) => difference > 0).length).toBeLessThanOrEqual(2);
  }
});

it(`Normalize gives the floats of PyTorch ${versions.torch}, bit for bit`, () => {
  const normalized = ({ mean, std, scale, channelOrder, ...one }: (typeof fixture.normalize)[number]) =>
    digest(run(one, [transforms.Normalize(mean, std, { scale: scale ?? undefined, channelOrder: channelOrder as "rgb" })]).data);
  expect(wrong(fixture.normalize, normalized, ({ sha256 }) => sha256)).toEqual([]);
});
