import { pow } from "../core/math.js";
import type { Model } from "../model/model.js";
import { hyperOf, type OptimizerSettings } from "../optim/optimizer.js";
import { blockNumbers } from "./depth-groups.js";
import type { Phase } from "./options.js";
import { hyperName } from "./step.js";

/** Parameters that learn at one rate each. */
export interface Groups {
  /** Which group the parameter of this name is in, or -1 if it does not learn. */
  readonly groupOf: (name: string) => number;
  /** By what each group's rate is divided; the last is the head's, 1. */
  readonly divisors: readonly number[];
}

/**
 * The head's parameters are in the last group; the backbone's by their place: in halves, as fastai splits a network in three, or with
 * `layerDecay` by blocks. In a phase that trains only the head the others are in none.
 */
export function parameterGroups(model: Model, head: ReadonlySet<string>, phase: Phase, layerDecay: number | undefined): Groups {
  const backbone = model.session.keptValues().filter(({ kind, name }) => kind === "parameter" && !head.has(name));
  const names = backbone.map(({ name }) => name);
  const places = layerDecay === undefined ? names.map((_, index) => (index < names.length / 2 ? 0 : 1)) : blockNumbers(names);
  const headGroup = layerDecay === undefined ? 2 : Math.max(-1, ...places) + 1;
  const groups = new Map(names.map((name, index) => [name, phase.train === "head" ? -1 : places[index]]));
  const { lrMult } = phase;
  const divisors =
    layerDecay === undefined ? [lrMult, Math.sqrt(lrMult), 1] : Array.from({ length: headGroup + 1 }, (_, group) => 1 / pow(layerDecay, headGroup - group));
  return { groupOf: (name) => groups.get(name) ?? headGroup, divisors };
}

/**
 * The optimiser's inputs of one step: each group's learning rate times the schedule's factor, with and without weight decay.
 *
 * @param inputs names that the training graph asks for
 * @param peak.plainLr of what does not decay, default `lr`
 * @param step steps of this phase done before
 */
export function hyperInputs(
  inputs: { has(name: string): boolean },
  { lr, plainLr = lr, weightDecay }: { readonly lr: number; readonly plainLr?: number; readonly weightDecay: number },
  { divisors }: Groups,
  settings: OptimizerSettings,
  factor: number,
  step: number,
): Record<string, Float32Array> {
  const hyper: Record<string, Float32Array> = {};
  divisors.forEach((divisor, group) => {
    for (const decays of [true, false]) {
      const name = hyperName(group, decays);
      if (inputs.has(name))
        hyper[name] = hyperOf(settings, { lr: ((decays ? lr : plainLr) / divisor) * factor, weightDecay: decays ? weightDecay : 0 }, step + 1);
    }
  });
  return hyper;
}
