import { atOnce } from "../../src/core/slices.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Block, packArena, padded } from "../../src/plan/arena.js";

const blocks = fc.array(
  fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), from: fc.integer({ min: -1, max: 40 }), steps: fc.integer({ min: 0, max: 15 }) }),
  { maxLength: 60 },
);
const make = (given: readonly { bytes: number; from: number; steps: number }[]): Block[] =>
  given.map(({ bytes, from, steps }) => ({ bytes, first: from, last: from + steps, offset: 0 }));

const live = (a: Block, b: Block) => a.first <= b.last && b.first <= a.last;
const overlap = (a: Block, b: Block) => a.offset < b.offset + padded(b.bytes) && b.offset < a.offset + padded(a.bytes);

test("no two blocks that are needed at the same time overlap, padding included; all lie on whole lines inside the arena", () => {
  fc.assert(
    fc.property(blocks, (given) => {
      const packed = make(given);
      const total = atOnce(packArena(packed));
      for (const a of packed) {
        expect(a.offset % 64).toBe(0);
        expect(a.offset + padded(a.bytes)).toBeLessThanOrEqual(total);
        for (const b of packed) if (a !== b && live(a, b)) expect(overlap(a, b)).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test("the arena is no larger than all blocks together, and as large as those of the fullest step", () => {
  fc.assert(
    fc.property(blocks, (given) => {
      const packed = make(given);
      const total = atOnce(packArena(packed));
      const sum = (of: readonly Block[]) => of.reduce((bytes, block) => bytes + padded(block.bytes), 0);
      expect(total).toBeLessThanOrEqual(sum(packed));
      for (const { first } of packed) expect(total).toBeGreaterThanOrEqual(sum(packed.filter((block) => block.first <= first && first <= block.last)));
    }),
  );
});

test("blocks that follow one another share one place", () => {
  const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 1000, first: i, last: i, offset: 0 }));
  expect(atOnce(packArena(chain))).toBe(1024);
});

test("padded rounds up to 64 bytes", () => {
  expect([0, 1, 63, 64, 65].map(padded)).toEqual([0, 64, 64, 64, 128]);
});
