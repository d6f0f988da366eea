import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { ema } from "../../src/ops/ema.js";
import { checkedEma, shareOf } from "../../src/train/averages.js";
import { learning } from "../fixtures/learning.js";
import { expectAsPytorch, unpack } from "../fixtures/pytorch.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";

const cases = learning.averages.map((fixture) => {
  const { decay, use_warmup: warmup = false, warmup_gamma: warmupGamma, warmup_power: warmupPower } = fixture.options;
  return { ...fixture, settings: { ...checkedEma({ decay, warmup }), ...(warmupGamma && { warmupGamma }), ...(warmupPower && { warmupPower }) } };
});

describe("averages follow timm's ModelEmaV3", () => {
  it.each(cases)("$options: decays", ({ settings, decays }) => {
    decays.forEach((decay, i) => expect(1 - shareOf(settings, i + 1), `step ${i + 1}`).toBeCloseTo(decay, 12));
  });

  it.each(cases.flatMap((fixture) => builds.map((build) => ({ build, ...fixture }))))("$build: $options: tensors", async ({ build, settings, steps, end }) => {
    const graph = new Graph();
    const feeds = new Map();
    const input = (name: string, data: Float32Array) => {
      const value = graph.input(name, [data.length]);
      feeds.set(value, data);
      return value;
    };
    const average = input("average", unpack(steps[0]));
    steps.slice(1).forEach((step, i) => {
      ema.all({ average, x: input(`x${i}`, unpack(step)), share: input(`share${i}`, Float32Array.of(shareOf(settings, i + 1))) });
    });
    const [found] = await runGraph(graph, feeds, [average], { build });
    expectAsPytorch("average", found, end);
  });

  it("names what does not fit", () => {
    expect(checkedEma(true)).toEqual({ decay: 0.9999, warmup: false, warmupGamma: 1, warmupPower: 2 / 3 });
    expect(() => checkedEma({ decay: 1.5 })).toThrow("train: ema: decay expected a number from 0 to 1, got 1.5");
    expect(() => checkedEma({ warmupGamma: 0 })).toThrow("train: ema: warmupGamma expected a number of 1e-9 or more, got 0");
  });
});
