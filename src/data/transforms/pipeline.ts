import { ArgumentError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import { gaussianBlurring } from "./blur.js";
import type { Canvas, Raster } from "./canvas.js";
import { colorJitter, randomGrayscale } from "./color.js";
import { type CenterCropParameters, centerCrop, pad, randomCrop } from "./crop.js";
import { checkProbability, type Definition, type Described, describe, type Transform } from "./definition.js";
import { randomErasing } from "./erase.js";
import { randomHorizontalFlip, randomVerticalFlip } from "./flip.js";
import { normalizing } from "./normalize.js";
import { type ResizeParameters, randomResizedCrop, resizeAndCenterCrop, resizing } from "./resize.js";
import { randomAffine, randomRotation } from "./warp.js";

/** Steps in the order in which they run. */
export type Pipeline = readonly Transform[];

/** The random draws of the step at a position of the pipeline. */
export type RandomAt = (position: number) => Random;

const definitions = new Map<string, Definition<object, unknown>>(
  [
    resizing,
    centerCrop,
    randomCrop,
    randomResizedCrop,
    pad,
    randomHorizontalFlip,
    randomVerticalFlip,
    randomRotation,
    randomAffine,
    colorJitter,
    randomGrayscale,
    gaussianBlurring,
    randomErasing,
    normalizing,
  ].map((definition) => [definition.name, definition]),
);

interface GroupParameters {
  transforms: Pipeline;
  p: number;
}

const group = (name: string, p: number | undefined): Pick<Definition<GroupParameters, never>, "name" | "defaults" | "check"> => ({
  name,
  defaults: { transforms: undefined, p },
  check(parameters) {
    parsePipeline(parameters.transforms, `${name}: transforms`);
    checkProbability(`${name}: p`, parameters.p);
  },
});

const groups = new Map([group("RandomApply", 0.5), group("Compose", 1)].map((definition) => [definition.name, definition]));
const isGroup = (transform: Transform): transform is Described<GroupParameters> => groups.has(transform.name);

/** Runs all of `transforms` with probability `p` (default 0.5), else none. */
export const RandomApply = (transforms: Pipeline, options: { p?: number } = {}) =>
  describe(groups.get("RandomApply") as ReturnType<typeof group>, { transforms, ...options });
/** Several transforms as one. */
export const Compose = (transforms: Pipeline) => describe(groups.get("Compose") as ReturnType<typeof group>, { transforms });

/** Plain data, such as a recipe's, as a checked pipeline. @throws {ArgumentError} naming the step and the parameter */
export function parsePipeline(value: unknown, where = "pipeline"): Pipeline {
  if (!Array.isArray(value)) throw new ArgumentError(`${where}: expected a list of transforms, got ${JSON.stringify(value)}`);
  return value.map((step: unknown, position) => {
    const { name, ...parameters } = (typeof step === "object" && step !== null ? step : {}) as { name?: unknown };
    const definition = definitions.get(name as string) ?? groups.get(name as string);
    if (!definition)
      throw new ArgumentError(
        `${where}[${position}]: expected a transform named ${[...definitions.keys(), ...groups.keys()].join(", ")}, got ${JSON.stringify(step)}`,
      );
    return describe(definition, parameters);
  });
}

function runStep(canvas: Canvas, image: Raster, transform: Transform, random: () => Random): Raster {
  if (isGroup(transform)) {
    if (transform.p < 1 && !(random().uniform() < transform.p)) return image;
    return transform.transforms.reduce((result, inner) => runStep(canvas, result, inner, random), image);
  }
  const definition = definitions.get(transform.name);
  if (!definition) throw new ArgumentError(`pipeline: there is no transform named ${transform.name}`);
  if (definition.bytesOnly && image.dtype !== "uint8") throw new ArgumentError(`pipeline: ${transform.name} must come before Normalize`);
  const sample = definition.sample(transform, image, random);
  return sample === undefined ? image : definition.apply(canvas, image, sample, transform);
}

/**
 * Runs `pipeline` on an image. The draws of a step depend on its position alone, never on what other steps drew; the steps inside a
 * RandomApply or Compose share their group's draws in order.
 */
export function runPipeline(canvas: Canvas, image: Raster, pipeline: Pipeline, random: RandomAt): Raster {
  let result = image;
  for (let position = 0; position < pipeline.length; position++) {
    const [step, next] = [pipeline[position], pipeline[position + 1]];
    if (step.name === resizing.name && next?.name === centerCrop.name && result.dtype === "uint8") {
      result = resizeAndCenterCrop(canvas, result, step as Described<ResizeParameters>, next as Described<CenterCropParameters>);
      position++;
      continue;
    }
    let draws: Random | undefined;
    result = runStep(canvas, result, step, () => (draws ??= random(position)));
  }
  return result;
}
