import { describe, expect, it } from "vitest";
import { createDataset, type Dataset } from "../../src/data/dataset.js";
import type { Pixels } from "../../src/data/decode/pixels.js";
import { ImageCache } from "../../src/data/image-cache.js";
import { noise } from "./noise.js";

const dataset = (length: number): Dataset =>
  createDataset(
    ["a", "b"],
    Array.from({ length }, (_, i) => ({ image: Uint8Array.of(i), label: 0, id: String(i) })),
  );
const picture = (seed: number, width: number, height: number): Pixels => ({ data: noise(seed, width * height * 3), width, height, channels: 3 });
const MiB = 2 ** 20;

describe("ImageCache", () => {
  it("gives images of any size back as they were, from memory that threads share", () => {
    const cache = new ImageCache(64 * MiB, true);
    const [one, other] = [cache.of(dataset(40)), cache.of(dataset(40))];
    // Some 8 MB: more than the first segment, and one that is larger than it.
    const pictures = Array.from({ length: 40 }, (_, i) => picture(i, 1 + ((i * 37) % 400), i === 20 ? 5000 : 1 + ((i * 53) % 300)));
    pictures.forEach((pixels, i) => (i % 2 ? one : other).keep(i, pixels));
    for (const [i, pixels] of pictures.entries()) {
      const found = (i % 2 ? one : other).get(i);
      expect({ ...found, data: undefined }).toEqual({ ...pixels, data: undefined });
      expect(Buffer.compare(found?.data as Uint8Array, pixels.data)).toBe(0); // toEqual takes a second a megabyte
      expect(found?.data.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect((i % 2 ? other : one).get(i)).toBeUndefined();
    }
    expect(cache.bytes).toBeLessThanOrEqual(64 * MiB);
    expect(cache.full).toBe(false);
  });

  it("never holds more than its limit, keeps what came first, and says when it is full", () => {
    const bytes = 3 * 100 * 100;
    const cache = new ImageCache(4 * bytes + 100, false);
    const images = cache.of(dataset(6));
    expect(images.open).toBe(true);
    for (let i = 0; i < 6; i++) images.keep(i, picture(i, 100, 100));
    expect(cache.bytes).toBe(4 * bytes + 100);
    expect(images.open).toBe(false);
    expect([0, 1, 2, 3, 4, 5].map((i) => images.get(i) !== undefined)).toEqual([true, true, true, true, false, false]);
    expect(images.get(3)).toEqual(picture(3, 100, 100));
    images.keep(3, picture(9, 100, 100));
    expect(images.get(3)).toEqual(picture(3, 100, 100));
    expect(new ImageCache(0, false).full).toBe(true);
  });

  it("takes no more once the platform gives no memory", () => {
    const cache = new ImageCache(Number.MAX_SAFE_INTEGER, false);
    const images = cache.of(dataset(2));
    images.keep(0, picture(0, 10, 10));
    images.keep(1, { data: { length: 2 ** 52 } as Uint8Array, width: 1, height: 1, channels: 3 });
    expect(images.open).toBe(false);
    expect(images.get(0)).toEqual(picture(0, 10, 10));
    expect(images.get(1)).toBeUndefined();
  });

  it("follows a data set to its subset", () => {
    const cache = new ImageCache(MiB, false);
    const data = dataset(5);
    const images = cache.of(data);
    for (const i of [0, 2, 3, 4]) images.keep(i, picture(i, 7, 5));
    const indices = [0, 1, 3, 4];
    const subset = data.subset(indices);
    cache.narrow(data, subset, indices);
    const narrowed = cache.of(subset);
    expect(indices.map((_, i) => narrowed.get(i))).toEqual([picture(0, 7, 5), undefined, picture(3, 7, 5), picture(4, 7, 5)]);
  });
});
