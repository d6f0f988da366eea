import { describe, expect, it } from "vitest";
import { constant, coolDown, cosine, linearWarmUp, multiStepDecay, oneCycle, stepDecay } from "../../src/optim/schedule.js";
import { learning } from "../fixtures/learning.js";
import { pytorch } from "../fixtures/pytorch.js";

const expectAll = (found: number[], expected: readonly number[]) => expected.forEach((value, i) => expect(found[i], `step ${i}`).toBeCloseTo(value, 12));
const steps = (count: number) => Array.from({ length: count }, (_, i) => i);

/** fastai's combine_scheds of two SchedCos, from its documentation. */
function fastaiTwoCosines(pct: number, pctStart: number, start: number, middle: number, end: number): number {
  const sched = (from: number, to: number, pos: number) => from + ((1 + Math.cos(Math.PI * (1 - pos))) * (to - from)) / 2;
  return pct < pctStart ? sched(start, middle, pct / pctStart) : sched(middle, end, (pct - pctStart) / (1 - pctStart));
}

describe("schedules", () => {
  it("constant is 1", () => expect([0, 5, 1e6].map(constant)).toEqual([1, 1, 1]));

  it("cosine follows PyTorch's CosineAnnealingLR and stays at its end", () => {
    const schedule = cosine({ steps: 7, final: 0.1 });
    expectAll(steps(8).map(schedule), pytorch.schedules[0].factors);
    expect(schedule(8)).toBe(schedule(700));
  });

  it("a warm-up follows PyTorch's LinearLR, then the next schedule from its start", () => {
    expectAll(steps(8).map(linearWarmUp({ steps: 3 }, cosine({ steps: 5 }))), pytorch.schedules[1].factors);
    expect(steps(6).map(linearWarmUp({ steps: 4, start: 0 }))).toEqual([0, 0.25, 0.5, 0.75, 1, 1]);
    expect(linearWarmUp({ steps: 0 })(0)).toBe(1);
  });

  it.each([{}, { pctStart: 0.3, div: 5 }, { pctStart: 0.99, divFinal: 100 }])("oneCycle %j follows fastai's fit_one_cycle", (options) => {
    const { pctStart = 0.25, div = 25, divFinal = 1e5 } = options as { pctStart?: number; div?: number; divFinal?: number };
    expectAll(
      steps(50).map(oneCycle({ steps: 50, ...options })),
      steps(50).map((step) => fastaiTwoCosines(step / 50, pctStart, 1 / div, 1, 1 / divFinal)),
    );
  });

  it("oneCycle begins at 1 / div, peaks at 1 and ends at 1 / divFinal", () => {
    const schedule = oneCycle({ steps: 100 });
    expectAll([schedule(0), schedule(25), schedule(100)], [1 / 25, 1, 1e-5]);
    expect(oneCycle({ steps: 10, pctStart: 0 })(0)).toBe(1);
    expect(oneCycle({ steps: 10, pctStart: 1 })(10)).toBe(1e-5);
  });

  it("steps follow PyTorch's StepLR and MultiStepLR", () => {
    const [step, multiStep] = learning.schedules;
    expectAll(steps(step.factors.length).map(stepDecay({ every: 3, gamma: 0.3 })), step.factors);
    expectAll(steps(multiStep.factors.length).map(multiStepDecay({ milestones: [2, 5, 6], gamma: 0.5 })), multiStep.factors);
  });

  it("a cool-down stays at the schedule's end", () => {
    expectAll(steps(6).map(coolDown(cosine({ steps: 3, final: 0.2 }), 3)), [1, 0.8, 0.4, 0.2, 0.2, 0.2]);
  });

  it("refuses cycles of no steps", () => {
    expect(() => cosine({ steps: 0 })).toThrow("cosine: steps expects more than 0, got 0");
    expect(() => oneCycle({ steps: NaN })).toThrow("oneCycle: steps expects more than 0, got NaN");
    expect(() => stepDecay({ every: 0, gamma: 1 })).toThrow("stepDecay: steps expects more than 0, got 0");
    expect(() => linearWarmUp({ steps: -1 })).toThrow("linearWarmUp: steps expects 0 or more, got -1");
  });
});
