import { describe, expect, test } from "vitest";
import { runtimesPage } from "../../../src/cli/bench-runtimes/page.js";
import { type Results, rowOf, threeDigits } from "../../../src/cli/bench-runtimes/results.js";
import { expectedBits } from "../../../src/cli/bench-runtimes/same-bits.js";
import { runtimesTable } from "../../../src/cli/bench-runtimes/table.js";

const speed = (inference: number, threads = 2) => ({ inference, embedding: inference / 2, training: inference / 10, threads, build: "relaxed" });

const results: Results = {
  ocelli: "1.2.3",
  date: "2026-11-22T22:10:11.000Z",
  machine: { cpu: "Fast & Sons 9000", cores: 2, memory: 2 ** 33, system: "Linux 6.1.0 x64" },
  network: "mobilenet_v2",
  imageSize: [224, 224],
  batch: 8,
  rounds: 3,
  seconds: 2,
  rows: [
    rowOf({ runtime: "Node", version: "24.21.0" }, [speed(150), speed(170), speed(160)], expectedBits),
    rowOf({ runtime: "workerd", version: "2026-11-17" }, [speed(8, 1), speed(9, 1)], "0123"),
    rowOf({ runtime: "Bun", version: "1.4.5" }, [speed(80)]),
    { runtime: "Deno", version: "2.9.6", failure: "Error: <it> fell over" },
    { runtime: "Firefox", failure: "not found on this machine" },
  ],
};

test("a row is the median of its rounds, the least and the most, and whether bits are those of this release", () => {
  const [node, workerd, bun] = results.rows;
  expect(node).toMatchObject({ threads: 2, build: "relaxed", sameBits: true, sha256: expectedBits });
  expect(node.figures?.inference).toEqual({ median: 160, low: 150, high: 170 });
  expect(workerd.figures?.inference).toEqual({ median: 8.5, low: 8, high: 9 });
  expect(workerd.sameBits).toBe(false);
  expect(bun).not.toHaveProperty("sameBits");
});

test("figures have three digits", () => {
  expect([0.1234, 9.994, 9.996, 99.94, 99.96, 1234.5].map(threeDigits)).toEqual(["0.12", "9.99", "10.0", "99.9", "100", "1235"]);
});

test("the table has a line for each runtime, also for those without figures", () => {
  expect(runtimesTable(results).split("\n")).toEqual([
    "mobilenet_v2, 224 x 224 px, batches of 8: images per second, medians of 3 rounds (least to most)",
    "Fast & Sons 9000, 2 cores, 8 GB, Linux 6.1.0 x64; Ocelli 1.2.3, 2026-11-22; training in build simd",
    "",
    "                    threads    build            inference            embedding             training  same bits",
    "Node 24.21.0              2  relaxed     160 (150 to 170)  80.0 (75.0 to 85.0)  16.0 (15.0 to 17.0)        yes",
    "workerd 2026-11-17        1  relaxed  8.50 (8.00 to 9.00)  4.25 (4.00 to 4.50)  0.85 (0.80 to 0.90)         NO",
    "Bun 1.4.5                 2  relaxed  80.0 (80.0 to 80.0)  40.0 (40.0 to 40.0)  8.00 (8.00 to 8.00)          -",
    "Deno 2.9.6          Error: <it> fell over",
    "Firefox             not found on this machine",
  ]);
  const none = { ...results, rows: results.rows.slice(4) };
  expect(runtimesTable(none).split("\n").slice(3)).toEqual(["Firefox  not found on this machine"]);
});

describe("the page", () => {
  const page = runtimesPage(results);

  test("stands alone: no script, and nothing that is loaded", () => {
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)|src=/);
    expect(page).toContain("Fast &#38; Sons 9000, 2 cores, 8 GB");
    expect(page).toContain("Error: &#60;it&#62; fell over");
  });

  test("draws a bar as long as its figure for each runtime and kind of work, the longest in the accent's colour", () => {
    const bars = [...page.matchAll(/<rect class="bar( best)?" y="\d+" width="([\d.]+)"/g)].map(([, best, width]) => [Boolean(best), Number(width)] as const);
    expect(bars.map(([best]) => best)).toEqual([true, false, false, true, false, false, true, false, false]);
    for (const [, width] of bars.filter(([best]) => best)) expect(width).toBeCloseTo(1 + (160 / 170) * 318, 1);
    expect(bars[1][1]).toBeCloseTo(1 + (8.5 / 170) * 318, 1);
  });

  test("says where bits differ, and of how many they are the same", () => {
    expect(page).toContain(`<td class="differs">NO</td>`);
    expect(page).toContain("<b>1 of 2</b>");
  });

  test("has no charts where nothing was measured", () => {
    const empty = runtimesPage({ ...results, rows: results.rows.slice(3) });
    expect(empty).not.toContain("<rect");
    expect(empty).toContain("not found on this machine");
  });
});
