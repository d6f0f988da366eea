import { type SizeParameter, sizePair, type Transform } from "./definition.js";
import { isGroup } from "./groups.js";
import { normalizing } from "./normalize.js";
import type { Pipeline } from "./pipeline.js";
import { Resize, randomResizedCrop, resizing } from "./resize.js";

type Size = readonly [height: number, width: number];

/**
 * A pipeline that gives images of another size: sizes and paddings are changed in proportion from the first Resize or RandomResizedCrop on,
 * since before it pixels are the image's own; a pipeline that has none is followed by a Resize.
 *
 * @param from size that the pipeline gives
 */
export function atSize(pipeline: Pipeline, from: Size, to: Size): Pipeline {
  if (from[0] === to[0] && from[1] === to[1]) return pipeline;
  const first = pipeline.findIndex(setsSize);
  if (first >= 0) return pipeline.map((step, i) => (i < first ? step : scaled(step, [to[0] / from[0], to[1] / from[1]])));
  const end = pipeline.findIndex(({ name }) => name === normalizing.name);
  return pipeline.toSpliced(end < 0 ? pipeline.length : end, 0, Resize(to));
}

function setsSize(step: Transform): boolean {
  return isGroup(step) ? step.transforms.some(setsSize) : step.name === resizing.name || step.name === randomResizedCrop.name;
}

/** What steps say in pixels. */
interface Measures {
  readonly size?: SizeParameter;
  readonly maxSize?: number | null;
  readonly padding?: number | readonly number[] | null;
}

function scaled(step: Transform & Measures, factors: Size): Transform {
  if (isGroup(step)) return Object.freeze({ ...step, transforms: step.transforms.map((inner) => scaled(inner, factors)) });
  const [down, across] = factors;
  const isEven = down === across;
  const pixels = (value: number, factor: number) => Math.round(value * factor);
  const size = (given: SizeParameter) => {
    if (typeof given === "number" && isEven) return Math.max(1, pixels(given, down));
    // A shorter side, whichever it is, has to be long enough for both.
    if (typeof given === "number" && step.name === resizing.name) return Math.max(1, pixels(given, Math.max(down, across)));
    return sizePair(given).map((side, axis) => Math.max(1, pixels(side, factors[axis])));
  };
  const padding = (given: number | readonly number[]) => {
    if (typeof given === "number") return isEven ? pixels(given, down) : [pixels(given, across), pixels(given, down)];
    return given.map((border, i) => pixels(border, i % 2 === 0 ? across : down));
  };
  return Object.freeze({
    ...step,
    ...(step.size !== undefined && { size: size(step.size) }),
    ...(typeof step.maxSize === "number" && { maxSize: pixels(step.maxSize, Math.max(down, across)) }),
    ...(step.padding !== undefined && step.padding !== null && { padding: padding(step.padding) }),
  });
}
