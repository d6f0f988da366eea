import { beforeAll, describe, expect, it } from "vitest";
import { ImageEngine } from "../../src/data/image-engine.js";
import type { Canvas } from "../../src/data/transforms/canvas.js";
import * as transforms from "../../src/data/transforms/index.js";
import type { Interpolation } from "../../src/data/transforms/resample.js";
import { resize } from "../../src/data/transforms/resize.js";
import fixture from "../fixtures/pillow-resize.json" with { type: "json" };
import { noise } from "./noise.js";
import { bytesOf, digest, openCanvas, place } from "./open-canvas.js";

let canvas: Canvas;
let engine: ImageEngine;

beforeAll(async () => {
  canvas = await openCanvas();
  engine = await ImageEngine.open();
});

describe(`resize is Pillow ${fixture.pillow}'s, bit for bit`, () => {
  const names: Interpolation[] = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"];
  it.each(names)("%s", (interpolation) => {
    const cases = fixture.cases.filter((one) => one.interpolation === interpolation);
    expect(cases.length).toBeGreaterThan(40);
    const wrong = cases.filter(({ seed, from: [width, height], to, channels, box, sha256 }) => {
      const image = place(canvas, noise(seed, width * height * channels), width, height, channels);
      const options = box ? { box: box as [number, number, number, number] } : {};
      return digest(bytesOf(canvas, resize(canvas, image, { width: to[0], height: to[1] }, interpolation, options), channels)) !== sha256;
    });
    expect(wrong).toEqual([]);
  });
});

describe("parts of a resize", () => {
  it("computes a window with the same pixels as the whole", () => {
    for (const interpolation of ["nearest", "bilinear", "lanczos"] as const) {
      const image = place(canvas, noise(5, 50 * 40 * 3), 50, 40, 3);
      const whole = resize(canvas, image, { width: 31, height: 23 }, interpolation);
      const window = { top: 4, left: 7, width: 20, height: 15 };
      const part = resize(canvas, image, { width: 31, height: 23 }, interpolation, { window });
      const cut = { ...whole, at: whole.at + window.top * whole.stride + window.left * 4, width: window.width, height: window.height };
      expect(bytesOf(canvas, part, 3)).toEqual(bytesOf(canvas, cut, 3));
    }
  });

  it("Resize then CenterCrop, fused or not, is the same", () => {
    const pixels = { data: noise(1, 61 * 47 * 3), width: 61, height: 47, channels: 3 } as const;
    for (const crop of [24, [20, 33], [40, 60]] as const) {
      const fused = engine.run(pixels, [transforms.Resize(32), transforms.CenterCrop(crop)]);
      const apart = engine.run(pixels, [transforms.Resize(32), transforms.Compose([transforms.CenterCrop(crop)])]);
      expect(fused).toEqual(apart);
    }
  });

  it("refuses a box outside the image", () => {
    const image = place(canvas, noise(0, 48), 4, 4, 3);
    expect(() => resize(canvas, image, { width: 2, height: 2 }, "bilinear", { box: [0, 0, 5, 4] })).toThrow("inside 4x4 pixels, got [0,0,5,4]");
  });
});
