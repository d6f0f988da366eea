import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { labels, type Picture, pictures } from "../../../src/cli/bench-runtimes/pictures.js";
import { bitsProgram, trainForBits } from "../../../src/cli/bench-runtimes/same-bits.js";
import { measureSpeed, median } from "../../../src/cli/bench-runtimes/speed.js";
import * as ocelli from "../../../src/index.js";

describe("the program that bits are compared by", () => {
  let images: Picture[];
  beforeAll(async () => {
    images = await pictures(bitsProgram.pictures);
  });

  test("learns from pictures that have the same bytes wherever they are made", () => {
    const hash = createHash("sha256");
    for (const { label, jpeg } of images) hash.update(`${label} ${jpeg}\n`);
    expect(hash.digest("hex")).toBe("eacf554ee866d50ac8fad02c8d9e61be5bc842f4f821841bf01b861601568023");
    expect(images.slice(0, 5).map(({ label }) => label)).toEqual([...labels, labels[0]]);
  });

  test("moves every weight, and ends at the same ones with one thread and two", async () => {
    const few = { pictures: images.slice(0, 8), labels, epochs: 2 };
    const [one, two] = [await trainForBits(ocelli, { ...few, threads: 1 }), await trainForBits(ocelli, { ...few, threads: 2 })];
    expect(one).toMatchObject({ steps: 2, threads: 1, strange: [] });
    expect(two).toEqual({ ...one, threads: 2 });
    expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
    const others = await trainForBits(ocelli, { ...few, pictures: images.slice(8, 16), threads: 1 });
    expect(others.sha256).not.toBe(one.sha256);
  });
});

test("speed is measured of all kinds of work, in the build and with the threads that were used", async () => {
  const speed = await measureSpeed(ocelli, { network: "small_cnn", imageSize: 20, batch: 3, threads: 1, build: "simd", milliseconds: 0 });
  expect(speed).toEqual({ inference: expect.any(Number), embedding: expect.any(Number), training: expect.any(Number), threads: 1, build: "simd" });
  for (const value of [speed.inference, speed.embedding, speed.training]) expect(value).toBeGreaterThan(0);
});

test("the median is the middle value, or the mean of the middle two", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
});
