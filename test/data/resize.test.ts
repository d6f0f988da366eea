import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { ImageEngine } from "../../src/data/image-engine.js";
import { Canvas, type Raster } from "../../src/data/transforms/canvas.js";
import * as transforms from "../../src/data/transforms/index.js";
import type { Interpolation } from "../../src/data/transforms/resample.js";
import { resize } from "../../src/data/transforms/resize.js";
import { createMemory, instantiate } from "../../src/runtime/instance.js";
import fixture from "../fixtures/pillow-resize.json" with { type: "json" };
import { noise } from "./noise.js";

let canvas: Canvas;
let engine: ImageEngine;

beforeAll(async () => {
  const memory = createMemory(65536);
  canvas = new Canvas(await instantiate({ build: "simd", memory }), memory, 65536);
  engine = await ImageEngine.open();
});

/** Image of 1, 3 or 4 channels in the canvas' memory. */
function place(data: Uint8Array, width: number, height: number, channels: number): Raster {
  const at = canvas.allocate(width * height * 4);
  canvas.kernels.unpack_u8(at, canvas.place(data), channels, 0, width * height);
  return { at, width, height, stride: width * 4, channels: 3, dtype: "uint8" };
}

function pixelsOf({ at, width, height, stride }: Raster, channels: number): Uint8Array {
  const packed = canvas.allocate(width * height * channels);
  canvas.kernels.pack_u8(packed, at, channels, width, stride, 0, height);
  return new Uint8Array(canvas.buffer, packed, width * height * channels).slice();
}

const digest = (data: Uint8Array) => createHash("sha256").update(data).digest("hex").slice(0, 16);

describe(`resize is Pillow ${fixture.pillow}'s, bit for bit`, () => {
  const names: Interpolation[] = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"];
  it.each(names)("%s", (interpolation) => {
    const cases = fixture.cases.filter((one) => one.interpolation === interpolation);
    expect(cases.length).toBeGreaterThan(40);
    const wrong = cases.filter(({ seed, from: [width, height], to, channels, box, sha256 }) => {
      canvas.reset();
      const image = place(noise(seed, width * height * channels), width, height, channels);
      const options = box ? { box: box as [number, number, number, number] } : {};
      return digest(pixelsOf(resize(canvas, image, { width: to[0], height: to[1] }, interpolation, options), channels)) !== sha256;
    });
    expect(wrong).toEqual([]);
  });
});

describe("parts of a resize", () => {
  it("computes a window with the same pixels as the whole", () => {
    for (const interpolation of ["nearest", "bilinear", "lanczos"] as const) {
      canvas.reset();
      const image = place(noise(5, 50 * 40 * 3), 50, 40, 3);
      const whole = resize(canvas, image, { width: 31, height: 23 }, interpolation);
      const window = { top: 4, left: 7, width: 20, height: 15 };
      const part = resize(canvas, image, { width: 31, height: 23 }, interpolation, { window });
      const cut = { ...whole, at: whole.at + window.top * whole.stride + window.left * 4, width: window.width, height: window.height };
      expect(pixelsOf(part, 3)).toEqual(pixelsOf(cut, 3));
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
    canvas.reset();
    const image = place(noise(0, 48), 4, 4, 3);
    expect(() => resize(canvas, image, { width: 2, height: 2 }, "bilinear", { box: [0, 0, 5, 4] })).toThrow("inside 4x4 pixels, got [0,0,5,4]");
  });
});
