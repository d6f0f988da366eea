import { describe, expect, it } from "vitest";
import { lineChart } from "../../src/vision/charts.js";
import { confusedPairs, confusionChart } from "../../src/vision/confusion-chart.js";

const options = { title: "Loss", format: (value: number) => value.toFixed(2), bands: [], low: 0 };
const training = { name: "training", style: "training", values: [2, 1, 0.5] };

describe("lineChart", () => {
  it("draws a line, a dot an epoch and the last value", () => {
    const svg = lineChart([training], options);
    expect(svg.match(/<polyline/g)).toHaveLength(1);
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).toContain("<title>training, epoch 3: 0.50</title>");
    expect(svg).toMatch(/class="last training"[^>]*>0\.50</);
    expect(svg).not.toContain("NaN");
  });

  it("marks phases where there are two", () => {
    const bands = [
      { name: "head only", from: 0, to: 1 },
      { name: "all layers", from: 2, to: 2 },
    ];
    expect(lineChart([training], { ...options, bands }).match(/<rect class="band/g)).toHaveLength(2);
    expect(lineChart([training], { ...options, bands: bands.slice(0, 1) })).not.toContain("<rect");
  });

  it("leaves out a line without values, and draws what has one epoch", () => {
    const svg = lineChart(
      [
        { ...training, values: [1] },
        { name: "validation", style: "validation", values: [undefined] },
      ],
      options,
    );
    expect(svg).not.toContain("validation");
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it("keeps values at line ends apart", () => {
    const svg = lineChart([training, { ...training, style: "validation" }], options);
    const [first, second] = [...svg.matchAll(/class="last \w+"[^>]* y="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(second - first).toBeGreaterThanOrEqual(13.9);
  });
});

describe("confusionChart", () => {
  it("has a cell with a number for every count, right ones apart from wrong ones", () => {
    const svg = confusionChart(
      ["cat", "dog"],
      [
        [8, 2],
        [0, 5],
      ],
    );
    expect(svg.match(/class="right"/g)).toHaveLength(2);
    expect(svg.match(/class="wrong"/g)).toHaveLength(1);
    expect(svg).toContain("<title>cat called dog: 2 of 10</title>");
    expect(svg).toContain("<title>dog: 5 of 5 right</title>");
  });

  it("stays small with many classes", () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    const svg = confusionChart(
      labels,
      labels.map((_, i) => labels.map((_, j) => (i === j ? 3 : 0))),
    );
    expect(svg.length).toBeLessThan(250_000);
    expect(svg).toContain('viewBox="0 0 600 600"');
    expect(svg).not.toContain("<text");
  });
});

describe("confusedPairs", () => {
  it("gives the most frequent first, never the right ones", () => {
    const counts = [
      [9, 1, 0],
      [4, 3, 2],
      [0, 4, 1],
    ];
    expect(confusedPairs(counts, 3)).toEqual([
      { right: 1, said: 0, count: 4 },
      { right: 2, said: 1, count: 4 },
      { right: 1, said: 2, count: 2 },
    ]);
  });
});
