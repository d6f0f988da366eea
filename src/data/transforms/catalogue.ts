import { ArgumentError } from "../../core/errors.js";
import { augmentingSteps, basicSteps } from "./steps.js";
import { checkProbability, type DescribedDefinition, describe } from "./definition.js";
import type { GroupParameters, groupNames } from "./groups.js";
import type { Pipeline } from "./pipeline.js";
import { policies } from "./policies.js";

const group = (name: (typeof groupNames)[number], p: number): DescribedDefinition<GroupParameters> => ({
  name,
  defaults: { transforms: undefined, p },
  check(parameters) {
    parsePipeline(parameters.transforms, `${name}: transforms`);
    checkProbability(`${name}: p`, parameters.p);
  },
});

const randomApply = /* @__PURE__ */ group("RandomApply", 0.5);
const compose = /* @__PURE__ */ group("Compose", 1);

/** Runs all of `transforms` with probability `p` (default 0.5), else none. */
export const RandomApply = (transforms: Pipeline, options: { p?: number } = {}) => describe(randomApply, { transforms, ...options });
/** Several transforms as one. */
export const Compose = (transforms: Pipeline) => describe(compose, { transforms });

/** In a function, so that bundles without `parsePipeline` are without all of them. */
const known = () =>
  new Map(
    [...basicSteps, ...augmentingSteps, ...policies, randomApply, compose].map((definition) => [
      definition.name,
      definition as unknown as DescribedDefinition<object>,
    ]),
  );

/** Plain data, such as a recipe's, as a checked pipeline. @throws {ArgumentError} naming the step and the parameter */
export function parsePipeline(value: unknown, where = "pipeline"): Pipeline {
  if (!Array.isArray(value)) throw new ArgumentError(`${where}: expected a list of transforms, got ${JSON.stringify(value)}`);
  const definitions = known();
  return value.map((step: unknown, position) => {
    const { name, ...parameters } = (typeof step === "object" && step !== null ? step : {}) as { name?: unknown };
    const definition = definitions.get(name as string);
    if (!definition)
      throw new ArgumentError(`${where}[${position}]: expected a transform named ${[...definitions.keys()].join(", ")}, got ${JSON.stringify(step)}`);
    return describe(definition, parameters);
  });
}
