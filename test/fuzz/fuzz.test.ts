import { expect, test } from "vitest";
import { fuzz } from "./run.js";
import { targets } from "./targets/index.js";

/** `npm run fuzz` reads ten times as many. */
const cases = 20_000;

test.each(targets.map((target) => [target.name, target] as const))(
  "%s: no broken file does harm",
  async (_, target) => {
    const { findings, counts } = await fuzz(target, cases);
    expect(findings).toEqual([]);
    // A check that only ever refuses at the first byte would pass too.
    expect(counts.get("taken") ?? 0).toBeGreaterThan(cases / 1000);
  },
  120_000,
);
