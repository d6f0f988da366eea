import { describe, expect, it } from "vitest";
import { checkedSchedule, type ScheduleName, type ScheduleOptions, scheduleOf } from "../../src/train/schedules.js";

/** A phase of 10 epochs of 4 steps. */
const course = { steps: 40, stepsPerEpoch: 4, lr: 0.5, warmup: 0 };
const factors = (schedule: ScheduleName | ScheduleOptions, more = {}) =>
  Array.from({ length: 40 }, (_, step) => scheduleOf(schedule, { ...course, ...more })(step));
const half = (position: number) => (1 + Math.cos(Math.PI * position)) / 2;
const expectAll = (found: number[], expected: (step: number) => number) =>
  found.forEach((factor, step) => expect(factor, `step ${step}`).toBeCloseTo(expected(step), 12));

describe("scheduleOf", () => {
  it("cosine: from the peak to the smallest rate", () => {
    expectAll(factors("cosine"), (step) => half(step / 40));
    expectAll(factors({ name: "cosine", min: 0.05 }), (step) => 0.1 + 0.9 * half(step / 40));
  });

  it("warm-up and cool-down take their parts, in epochs or steps, and the schedule what lies between", () => {
    const schedule = { name: "cosine", warmup: { epochs: 2 }, warmupStart: 0, cooldown: { steps: 6 } } as const;
    expectAll(factors(schedule), (step) => (step < 8 ? step / 8 : half(Math.min(1, (step - 8) / 26))));
    expectAll(factors({ name: "constant", warmup: { steps: 3 } }), (step) => (step < 3 ? 1 / 3 + (2 / 9) * step : 1));
  });

  it("the trainer's share of warm-up is for schedules without their own", () => {
    expectAll(factors("cosine", { warmup: 0.25 }), (step) => (step < 10 ? 1 / 3 + step / 15 : half((step - 10) / 30)));
    expect(factors({ name: "cosine", warmup: { steps: 0 } }, { warmup: 0.25 })).toEqual(factors("cosine"));
    expect(factors("oneCycle", { warmup: 0.25 })).toEqual(factors("oneCycle"));
  });

  it("step and multiStep fall at epochs that count from the start of the phase", () => {
    expectAll(factors({ name: "step", every: 3, gamma: 0.5 }), (step) => 0.5 ** Math.floor(step / 12));
    expectAll(factors({ name: "multiStep", milestones: [1, 2.5], warmup: { epochs: 2 }, warmupStart: 1 }), (step) => (step < 8 ? 1 : step < 10 ? 0.1 : 0.01));
  });

  it("oneCycle takes its own shape", () => {
    const found = factors({ name: "oneCycle", pctStart: 0.5, div: 10, divFinal: 100, cooldown: { epochs: 5 } });
    expectAll(found, (step) => (step < 10 ? 1 + (0.1 - 1) * half(step / 10) : 0.01 + 0.99 * half(Math.min(1, (step - 10) / 10))));
  });

  it("a plateau's own part is a warm-up", () => {
    expectAll(factors({ name: "plateau", warmup: { epochs: 1 }, warmupStart: 0 }), (step) => Math.min(1, step / 4));
  });

  it("nothing but warm-up where that is the whole phase", () => {
    expectAll(factors({ name: "cosine", warmup: { epochs: 20 }, warmupStart: 0 }), (step) => step / 80);
  });
});

describe("checkedSchedule", () => {
  it.each<ScheduleName | ScheduleOptions>([
    "plateau",
    "multiStep",
    { name: "plateau", monitor: "accuracy", cooldown: 2, warmup: { steps: 5 } },
    { name: "multiStep", milestones: [30, 60.5], cooldown: { epochs: 1 } },
  ])("keeps %j as it is", (schedule) => expect(checkedSchedule("all", schedule)).toEqual(schedule));

  it.each<[unknown, string]>([
    ["linear", 'train: all: schedule expected constant or cosine or oneCycle or exponential or step or multiStep or plateau, got "linear"'],
    [{ name: "cosine", gamma: 1 }, "train: all: schedule cosine: gamma is no option of it; those are min, warmupStart"],
    [{ name: "step", every: 0 }, "train: all: schedule step: every expected a number of"],
    [{ name: "multiStep", milestones: [1, -2] }, "train: all: schedule multiStep: milestones expected a list of numbers of 0 or more, got [1,-2]"],
    [{ name: "plateau", monitor: "f1" }, 'train: all: schedule plateau: monitor expected loss or accuracy, got "f1"'],
    [{ name: "plateau", cooldown: { epochs: 1 } }, 'train: all: schedule plateau: cooldown expected a number of 0 or more, got {"epochs":1}'],
    [{ name: "cosine", warmup: 0.1 }, "train: all: schedule: warmup expected { epochs } or { steps } of 0 or more, got 0.1"],
    [{ name: "cosine", cooldown: { epochs: -1 } }, 'train: all: schedule: cooldown expected { epochs } or { steps } of 0 or more, got {"epochs":-1}'],
  ])("refuses %j", (given, message) => {
    expect(() => checkedSchedule("all", given as ScheduleName)).toThrow(message);
  });
});
