import type { Model } from "../model/model.js";
import { adamwHyper, sgdHyper } from "../optim/hyper.js";
import { constant, cosine, linearWarmUp, oneCycle, type Schedule } from "../optim/schedule.js";
import type { Phase, Settings } from "./options.js";
import { hyperName } from "./step.js";

/** Learning-rate groups: first half of the backbone's parameters, second half, head. */
const headGroup = 2;

/**
 * Which group each parameter is in: the head's last, the backbone's by its place, as fastai splits a network in three.
 * In a phase that trains only the head the others are in none (-1).
 */
export function parameterGroups(model: Model, head: ReadonlySet<string>, phase: Phase): (name: string) => number {
  const backbone = model.session.keptValues().filter(({ kind, name }) => kind === "parameter" && !head.has(name));
  const place = new Map(backbone.map(({ name }, index) => [name, index]));
  return (name) => {
    const index = place.get(name);
    if (index === undefined) return headGroup;
    if (phase.train === "head") return -1;
    return index < backbone.length / 2 ? 0 : 1;
  };
}

/** The learning-rate factor of each step of a phase. */
export function scheduleOf({ schedule }: Phase, { warmup }: Settings, steps: number): Schedule {
  if (schedule === "oneCycle") return oneCycle({ steps });
  if (schedule === "constant") return constant;
  const rising = Math.round(warmup * steps);
  return rising < steps ? linearWarmUp({ steps: rising }, cosine({ steps: steps - rising })) : linearWarmUp({ steps: rising });
}

/**
 * The optimiser's inputs of one step: each group's learning rate (head `lr`, first layers `lr / lrMult`, middle ones
 * the geometric mean) times the schedule's factor, with and without weight decay.
 *
 * @param inputs names that the training graph asks for
 * @param step steps of this phase done before
 */
export function hyperInputs(
  inputs: { has(name: string): boolean },
  { lr, lrMult }: Phase,
  settings: Settings,
  factor: number,
  step: number,
): Record<string, Float32Array> {
  const hyper: Record<string, Float32Array> = {};
  for (let group = 0; group <= headGroup; group++) {
    for (const decays of [true, false]) {
      const name = hyperName(group, decays);
      if (!inputs.has(name)) continue;
      const rate = { lr: (lr / [lrMult, Math.sqrt(lrMult), 1][group]) * factor, weightDecay: decays ? settings.weightDecay : 0 };
      hyper[name] = settings.optimizer === "sgd" ? sgdHyper({ ...rate, momentum: settings.momentum }) : adamwHyper(rate, step + 1);
    }
  }
  return hyper;
}
