import { beforeAll, describe, expect, it } from "vitest";
import { blend } from "../../src/data/transforms/augment/enhance.js";
import { applyOperation, mix, type Operation, type OperationName } from "../../src/data/transforms/augment/operations.js";
import { operationAt, type TimmOperation } from "../../src/data/transforms/augment/timm-levels.js";
import { operationOf, spaces } from "../../src/data/transforms/augment/torchvision.js";
import { Random } from "../../src/core/random.js";
import type { Canvas, Raster } from "../../src/data/transforms/canvas.js";
import fixture from "../fixtures/augmentations.json" with { type: "json" };
import { noise } from "./noise.js";
import { bytesOf, digest, openCanvas, place } from "./open-canvas.js";

const { versions } = fixture;
let canvas: Canvas;
beforeAll(async () => {
  canvas = await openCanvas();
});

interface Sized {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly low?: number;
  readonly high?: number;
}

const bytes = ({ seed, width, height, channels, low = 0, high = 255 }: Sized) =>
  noise(seed, width * height * channels).map((value) => low + Math.floor((value * (high - low)) / 255));
const imageOf = (one: Sized) => place(canvas, bytes(one), one.width, one.height, one.channels);
const digestOf = (image: Raster) => digest(bytesOf(canvas, image, image.channels));
const wrong = <C extends { sha256: string }>(cases: readonly C[], outcome: (one: C) => string) => cases.filter((one) => outcome(one) !== one.sha256);

describe(`torchvision ${versions.torchvision} on Pillow ${versions.pillow} images, bit for bit`, () => {
  it.each([...new Set(fixture.operations.map(({ name }) => name))])("%s", (name) => {
    const cases = fixture.operations.filter((one) => one.name === name);
    expect(cases.length).toBeGreaterThan(1);
    const changed = ({ magnitude, interpolation, fill, ...one }: (typeof cases)[number]) =>
      digestOf(applyOperation(canvas, imageOf(one), operationOf(one.name as OperationName, magnitude, interpolation as "nearest"), fill));
    expect(wrong(cases, changed)).toEqual([]);
  });

  it.each(Object.keys(spaces) as (keyof typeof spaces)[])("%s has its operations and their strengths to a float's last digit", (name) => {
    const expected = fixture.magnitudes[name] as Record<string, { signed: boolean; 10: number[]; 31: number[] }>;
    expect([...spaces[name].keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [operation, { signed, of }] of spaces[name]) {
      expect(signed, operation).toBe(expected[operation].signed);
      for (const bins of [10, 31] as const) {
        expected[operation][bins].forEach((magnitude, i) => {
          expect(Math.abs(of(bins, i, { width: 37, height: 29 }) - magnitude), `${operation} ${i} of ${bins}`).toBeLessThanOrEqual(
            2 ** -23 * Math.abs(magnitude),
          );
        });
      }
    }
  });

  it("AugMix mixes as its tensors do, and as timm's arrays do", () => {
    for (const { seeds, shares, mixed, blended, ...size } of fixture.mixtures) {
      canvas.reset();
      const images = seeds.map((seed) => {
        const { width, height, channels } = size;
        const at = canvas.allocate(width * height * 4);
        canvas.kernels.unpack_u8(at, canvas.place(bytes({ seed, ...size })), channels, 0, width * height);
        return { at, width, height, stride: width * 4, channels: 3, dtype: "uint8" } as const;
      });
      const result = mix(
        canvas,
        images.map((image, i) => ({ image, share: shares[i] })),
      );
      expect(digestOf(result)).toBe(mixed);
      expect(digestOf(blend(canvas, images[0], result, 0.35))).toBe(blended);
    }
  });
});

describe("Pillow's enhancements, bit for bit", () => {
  it.each([...new Set(fixture.enhancements.map(({ name }) => name))])("%s", (name) => {
    const cases = fixture.enhancements.filter((one) => one.name === name);
    const enhanced = ({ value, ...one }: (typeof cases)[number]) =>
      digestOf(applyOperation(canvas, imageOf(one), { name: one.name as OperationName, value, interpolation: "nearest" }, 0));
    expect(wrong(cases, enhanced)).toEqual([]);
  });
});

describe(`timm ${versions.timm}`, () => {
  const operationFor = ({ name, level, turned, width, height, interpolation }: (typeof fixture.levels)[number]): Operation => {
    const options = { translatePct: 0.45, size: { width, height }, turned: (value: number) => (turned ? -value : value), random: new Random(0) };
    return { ...operationAt(name as TimmOperation, level, options), interpolation: interpolation as "nearest" };
  };

  it("makes the same of every level of every operation", () => {
    expect(new Set(fixture.levels.map(({ name }) => name)).size).toBe(24);
    for (const one of fixture.levels) {
      const { value } = operationFor(one);
      // timm multiplies a relative shift by the side inside the operation, and takes a Desaturate level from 1 there.
      const side = { TranslateXRel: one.width, TranslateYRel: one.height }[one.name] ?? 1;
      const expected = one.name === "Desaturate" ? Math.min(1, Math.max(0, 1 - one.value)) : one.value * side;
      expect(value, JSON.stringify(one)).toBe(expected);
    }
  });

  it("and the same pictures", () => {
    expect(wrong(fixture.levels, (one) => digestOf(applyOperation(canvas, imageOf(one), operationFor(one), one.fill)))).toEqual([]);
  });
});
