import { describe, expect, it } from "vitest";
import { philox, Random } from "../../src/core/random.js";

const hex = (words: ArrayLike<number>) => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  // Known answers of the authors' Random123 library (kat_vectors, philox4x32 10).
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ])("counter %j, key %j", (counter, [key0, key1], expected) => {
    const words = new Uint32Array(counter);
    philox(words, key0, key1);
    expect(hex(words)).toBe(expected);
  });
});

describe("Random", () => {
  const draw = (random: Random, count = 5) => Array.from({ length: count }, () => random.word());

  it("depends on the seed, the stream and its order alone", () => {
    expect(draw(new Random(5, 1, 2))).toEqual(draw(new Random(5, 1, 2)));
    const others = [new Random(6, 1, 2), new Random(5, 2, 1), new Random(5, 1), new Random(5), new Random(5, 1, 2, 0), new Random(5 + 2 ** 32, 1, 2)];
    const seen = new Set([new Random(5, 1, 2), ...others].map((random) => hex(draw(random))));
    expect(seen.size).toBe(7);
  });

  it("draws uniform numbers in their range", () => {
    const random = new Random(1);
    const values = Array.from({ length: 20000 }, () => random.uniform(-2, 6));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...values)).toBeLessThan(6);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(2, 1);
  });

  it("draws whole numbers equally often", () => {
    const random = new Random(2);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70000; i++) counts[random.integer(7)]++;
    for (const count of counts) expect(Math.abs(count - 10000)).toBeLessThan(400);
  });

  it("draws a normal distribution", () => {
    const random = new Random(3);
    const values = Array.from({ length: 40000 }, () => random.normal(1, 2));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(1, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
    expect(values.filter((value) => Math.abs(value - 1) < 2).length / values.length).toBeCloseTo(0.683, 2);
  });

  it("shuffles every item to every place", () => {
    const random = new Random(4);
    const counts = Array.from({ length: 4 }, () => new Array<number>(4).fill(0));
    for (let i = 0; i < 8000; i++) random.shuffle([0, 1, 2, 3]).forEach((item, place) => counts[item][place]++);
    for (const count of counts.flat()) expect(Math.abs(count - 2000)).toBeLessThan(200);
    expect([...random.shuffle(Uint32Array.of(3, 1, 2))].sort()).toEqual([1, 2, 3]);
  });
});
