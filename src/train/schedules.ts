import { ArgumentError } from "../core/errors.js";
import { checkedVariant, type Variants, wholeVariant } from "../core/variant.js";
import type { PlateauOptions } from "../optim/plateau.js";
import { constant, coolDown, cosine, exponential, linearWarmUp, multiStepDecay, oneCycle, type Schedule, stepDecay } from "../optim/schedule.js";

/** A part of a phase. */
export type Span = { readonly epochs: number } | { readonly steps: number };

/** What any schedule may have before and behind itself. */
interface Ends {
  /** The rate rises in a straight line first, over so much of the phase; default the trainer's `warmup`. */
  readonly warmup?: Span;
  /** Where it rises from, as a part of the peak, 0 to 1; default 1 / 3. */
  readonly warmupStart?: number;
  /** The rate stays at the schedule's end over so much of the end of the phase; default none. */
  readonly cooldown?: Span;
}

/** How the learning rate moves over a phase. Epochs count from its start. */
export type ScheduleOptions =
  | ({ readonly name: "constant" } & Ends)
  /** Half a cosine from the peak down. @see torch.optim.lr_scheduler.CosineAnnealingLR */
  | ({ readonly name: "cosine" /** Learning rate at the end, default 0. */; readonly min?: number } & Ends)
  /** Half a cosine up, then half a cosine down. @see fastai `fit_one_cycle` */
  | ({
      readonly name: "oneCycle";
      /** Part of the steps in which the rate rises, 0 to 1; default 0.25. */
      readonly pctStart?: number;
      /** It starts at 1 / div of the peak, default 25, */
      readonly div?: number;
      /** and ends at 1 / divFinal, default 1e5. */
      readonly divFinal?: number;
    } & Ends)
  /** Exponentially up to the peak, to try rates as `lrFind` does. @see fastai `SchedExp` */
  | ({
      readonly name: "exponential";
      /** It starts at this part of the peak, above 0 to 1; default 1e-8. */
      readonly start?: number;
      /** In which it rises; default 0: all of the phase. */
      readonly steps?: number;
    } & Ends)
  /** Times gamma every so many epochs. @see torch.optim.lr_scheduler.StepLR */
  | ({ readonly name: "step" /** Epochs, default 30. */; readonly every?: number /** Default 0.1. */; readonly gamma?: number } & Ends)
  /** Times gamma at these epochs. @see torch.optim.lr_scheduler.MultiStepLR */
  | ({ readonly name: "multiStep"; readonly milestones: readonly number[] /** Default 0.1. */; readonly gamma?: number } & Ends)
  /** Times factor where the validation images get no better. Its `cooldown` are the epochs after a fall that do not count. */
  | ({ readonly name: "plateau" /** Smallest learning rate of the head, default 0. */; readonly min?: number } & PlateauOptions &
      Pick<Ends, "warmup" | "warmupStart">);

/** How the learning rate moves over a phase, from the first step to the last; a name alone takes the schedule's defaults. */
export type ScheduleName = ScheduleOptions["name"];

const none = { steps: 0 };
const ends = { warmup: none, warmupStart: 1 / 3, cooldown: none } as const;
const { cooldown: _, ...start } = ends;
const defaults: Variants<ScheduleOptions> = {
  constant: { name: "constant", ...ends },
  cosine: { name: "cosine", min: 0, ...ends },
  oneCycle: { name: "oneCycle", pctStart: 0.25, div: 25, divFinal: 1e5, ...ends },
  exponential: { name: "exponential", start: 1e-8, steps: 0, ...ends },
  step: { name: "step", every: 30, gamma: 0.1, ...ends },
  multiStep: { name: "multiStep", milestones: [], gamma: 0.1, ...ends },
  plateau: { name: "plateau", monitor: "loss", factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, min: 0, ...start },
};

const positive = [1e-9, Number.MAX_VALUE] as const;
const rules = {
  warmupStart: [0, 1],
  min: [0, 1000],
  pctStart: [0, 1],
  div: positive,
  divFinal: positive,
  start: [1e-30, 1],
  steps: [0, Number.MAX_VALUE],
  every: positive,
  gamma: [0, 1],
  milestones: [0, Number.MAX_VALUE],
  monitor: ["loss", "accuracy"],
  factor: [0, 1],
  patience: [0, Number.MAX_VALUE],
  threshold: [0, 1],
  cooldown: [0, Number.MAX_VALUE],
} as const;

export const wholeSchedule = (schedule: ScheduleName | ScheduleOptions) => wholeVariant<ScheduleOptions>(schedule, defaults);

/** The schedule as settings keep it: as it was given. @throws {ArgumentError} as `checkedVariant` */
export function checkedSchedule(phase: string, schedule: ScheduleName | ScheduleOptions): ScheduleName | ScheduleOptions {
  const what = `train: ${phase}: schedule`;
  const { warmup, cooldown, ...own } = typeof schedule === "string" ? { name: schedule } : (schedule as Exclude<ScheduleOptions, string> & Ends);
  const isPlateau = own.name === "plateau";
  checkedVariant<ScheduleOptions>(what, { ...own, ...(isPlateau && cooldown !== undefined && { cooldown }) } as ScheduleOptions, withoutSpans, rules);
  for (const [option, span] of Object.entries(isPlateau ? { warmup } : { warmup, cooldown })) {
    const { epochs, steps } = (span ?? none) as { epochs?: number; steps?: number };
    const amount = epochs ?? steps;
    if (!(typeof amount === "number" && amount >= 0 && amount < Number.POSITIVE_INFINITY))
      throw new ArgumentError(`${what}: ${option} expected { epochs } or { steps } of 0 or more, got ${JSON.stringify(span)}`);
  }
  return schedule;
}

/** Spans are checked by themselves. */
const withoutSpans = Object.fromEntries(
  Object.entries(defaults).map(([name, { warmup, ...options }]) => {
    const { cooldown, ...rest } = options as typeof options & { cooldown?: unknown };
    return [name, name === "plateau" ? options : rest];
  }),
) as unknown as Variants<ScheduleOptions>;

/** What of a phase a schedule depends on. */
export interface Course {
  /** Of the optimiser, in the whole phase and in an epoch of it. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Peak learning rate. */
  readonly lr: number;
  /** Share of the steps in which the rate rises where the schedule itself says nothing; `oneCycle` has its own rise. */
  readonly warmup: number;
}

/** The learning-rate factor of each step of a phase; a plateau's falls come on top of it. */
export function scheduleOf(schedule: ScheduleName | ScheduleOptions, { steps, stepsPerEpoch, lr, warmup }: Course): Schedule {
  const options = wholeSchedule(schedule);
  const stepsOf = (span: Span) => Math.round("epochs" in span ? span.epochs * stepsPerEpoch : span.steps);
  const hasOwn = typeof schedule !== "string" && schedule.warmup !== undefined;
  const rising = hasOwn ? stepsOf(options.warmup) : options.name === "oneCycle" ? 0 : Math.round(warmup * steps);
  const resting = options.name === "plateau" ? 0 : stepsOf(options.cooldown);
  const moving = steps - rising - resting;
  const warmUp = { steps: rising, start: options.warmupStart };
  if (moving <= 0) return linearWarmUp(warmUp);
  return linearWarmUp(warmUp, coolDown(courseOf(), moving));

  /** The factor from the end of the warm-up on. */
  function courseOf(): Schedule {
    switch (options.name) {
      case "cosine":
        return cosine({ steps: moving, final: lr > 0 ? Math.min(1, options.min / lr) : 0 });
      case "oneCycle":
        return oneCycle({ steps: moving, pctStart: options.pctStart, div: options.div, divFinal: options.divFinal });
      case "exponential":
        return exponential({ steps: options.steps || moving, start: options.start });
      case "step": {
        const decay = stepDecay({ every: options.every * stepsPerEpoch, gamma: options.gamma });
        return (step) => decay(step + rising);
      }
      case "multiStep": {
        const decay = multiStepDecay({ milestones: options.milestones.map((epoch) => epoch * stepsPerEpoch), gamma: options.gamma });
        return (step) => decay(step + rising);
      }
      default:
        return constant;
    }
  }
}

/** Whether the learning rate follows what is measured on validation images. */
export const fallsOnPlateaus = (schedule: ScheduleName | ScheduleOptions) => wholeSchedule(schedule).name === "plateau";
