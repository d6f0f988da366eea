import { ArgumentError } from "../core/errors.js";
import { cos, pow } from "../core/math.js";

/** From the number of optimiser steps already made to a factor on the learning rate. */
export type Schedule = (step: number) => number;

/** Factor 1 throughout. */
export const constant: Schedule = () => 1;

/** Half a cosine from `from` to `to` while `position` goes from 0 to 1. @see fastai `SchedCos` */
export function cosineBetween(from: number, to: number, position: number): number {
  return to + ((from - to) * (1 + cos(Math.PI * Math.min(Math.max(position, 0), 1)))) / 2;
}

/** Half a cosine from 1 down to `final` over `steps` steps, then `final`. @see torch.optim.lr_scheduler.CosineAnnealingLR */
export function cosine({ steps, final = 0 }: { readonly steps: number; readonly final?: number }): Schedule {
  checkSteps("cosine", steps);
  return (step) => cosineBetween(1, final, step / steps);
}

export interface OneCycle {
  /** Steps of the whole cycle. */
  readonly steps: number;
  /** Part of the steps in which the rate rises, default 0.25. */
  readonly pctStart?: number;
  /** The rate starts at 1 / div, default 25, */
  readonly div?: number;
  /** and ends at 1 / divFinal, default 1e5. */
  readonly divFinal?: number;
}

/** Half a cosine up from 1 / div to 1, then half a cosine down to 1 / divFinal. @see fastai `fit_one_cycle` (Smith 2018) */
export function oneCycle({ steps, pctStart = 0.25, div = 25, divFinal = 1e5 }: OneCycle): Schedule {
  checkSteps("oneCycle", steps);
  return (step) => twoCosines(step / steps, pctStart, 1 / div, 1, 1 / divFinal);
}

/** Times `gamma` after every `every` steps. @see torch.optim.lr_scheduler.StepLR */
export function stepDecay({ every, gamma }: { readonly every: number; readonly gamma: number }): Schedule {
  checkSteps("stepDecay", every);
  return (step) => pow(gamma, Math.floor(step / every));
}

/** Times `gamma` from each of the steps `milestones` on. @see torch.optim.lr_scheduler.MultiStepLR */
export function multiStepDecay({ milestones, gamma }: { readonly milestones: readonly number[]; readonly gamma: number }): Schedule {
  return (step) => pow(gamma, milestones.filter((milestone) => step >= milestone).length);
}

/** `schedule` for `steps` steps, then its end. @see timm `Scheduler`: `cooldown_epochs` */
export function coolDown(schedule: Schedule, steps: number): Schedule {
  return (step) => schedule(Math.min(step, steps));
}

/** Rises exponentially from `start` to 1 over `steps` steps, then 1. @see fastai `SchedExp` */
export function exponential({ steps, start }: { readonly steps: number; readonly start: number }): Schedule {
  checkSteps("exponential", steps);
  return (step) => pow(start, 1 - Math.min(step / steps, 1));
}

export interface WarmUp {
  /** Steps before the factor is 1; 0 for none. */
  readonly steps: number;
  /** Factor of the first step, default 1 / 3. */
  readonly start?: number;
}

/** Rises in a straight line from `start` to 1, then runs `next` from its beginning. @see torch.optim.lr_scheduler.LinearLR, SequentialLR */
export function linearWarmUp({ steps, start = 1 / 3 }: WarmUp, next: Schedule = constant): Schedule {
  if (!(steps >= 0)) throw new ArgumentError(`linearWarmUp: steps expects 0 or more, got ${steps}`);
  return (step) => (step < steps ? start + ((1 - start) * step) / steps : next(step - steps));
}

function twoCosines(position: number, pctStart: number, start: number, middle: number, end: number): number {
  return position < pctStart
    ? cosineBetween(start, middle, position / pctStart)
    : cosineBetween(middle, end, pctStart < 1 ? (position - pctStart) / (1 - pctStart) : 1);
}

function checkSteps(name: string, steps: number): void {
  if (!(steps > 0)) throw new ArgumentError(`${name}: steps expects more than 0, got ${steps}`);
}
