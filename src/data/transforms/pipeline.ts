import { ArgumentError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import type { Canvas, Raster } from "./canvas.js";
import { type CenterCropParameters, centerCrop } from "./crop.js";
import type { Definition, Described, Transform } from "./definition.js";
import { isGroup } from "./groups.js";
import { type ResizeParameters, resizeAndCenterCrop, resizing } from "./resize.js";
import { basicSteps } from "./steps.js";

/** Steps in the order in which they run. */
export type Pipeline = readonly Transform[];

/** The random draws of the step at a position of the pipeline. */
export type RandomAt = (position: number) => Random;

type AnyDefinition = Definition<object, unknown>;

const basicNames = new Set(basicSteps.map(({ name }) => name));

/** What can run in this thread. */
const definitions = new Map<string, AnyDefinition>(basicSteps.map((definition) => [definition.name, definition]));

/** Makes further steps runnable. */
export function addDefinitions(more: readonly AnyDefinition[]): void {
  for (const definition of more) definitions.set(definition.name, definition);
}

/** Whether a pipeline has only steps that nearly every one has; the others are added when they are needed. */
export function isBasic(pipeline: Pipeline): boolean {
  return pipeline.every((step) => (isGroup(step) ? isBasic(step.transforms) : basicNames.has(step.name)));
}

function runStep(canvas: Canvas, image: Raster, transform: Transform, random: () => Random): Raster {
  if (isGroup(transform)) {
    if (transform.p < 1 && !(random().uniform() < transform.p)) return image;
    return transform.transforms.reduce((result, inner) => runStep(canvas, result, inner, random), image);
  }
  const definition = definitions.get(transform.name);
  if (!definition) throw new ArgumentError(`pipeline: there is no transform named ${transform.name}, or the engine has not loaded it`);
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
