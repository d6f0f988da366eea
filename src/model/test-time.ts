import { ArgumentError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { exp, log } from "../core/math.js";
import { createDataset } from "../data/dataset.js";
import type { Draws } from "../data/draws.js";
import { type DecodedImages, ImageCache } from "../data/image-cache.js";
import { evaluationTransforms, type Preprocessing } from "../data/preprocessing.js";
import { CornerCrop } from "../data/transforms/crop.js";
import { checkChoice, checkFlag, checkNumber, sizePair } from "../data/transforms/definition.js";
import { RandomHorizontalFlip } from "../data/transforms/flip.js";
import type { Pipeline } from "../data/transforms/index.js";
import { host } from "../runtime/host.js";
import type { TakeRow } from "./call-options.js";
import type { Model } from "./model.js";

/** Views of an image whose scores are averaged: each scale, cut out at each place, with and without its mirror image. */
export interface TestTimeAugmentation {
  /** Mirrored as well, default false. */
  readonly flip?: boolean;
  /** `center` (default): the middle alone; `five`: the corners too. Where the preprocessing's resize leaves no room around its crop, it is made 8/7 as large. @see torchvision FiveCrop, TenCrop */
  readonly crops?: "center" | "five";
  /** Factors on the size that images are resized to before the crop; default `[1]`. None may make it smaller than the crop. */
  readonly scales?: readonly number[];
  /** What is averaged, default `probabilities`. */
  readonly average?: "probabilities" | "logits";
}

const named = {
  flip: { flip: true },
  fiveCrop: { crops: "five" },
  tenCrop: { crops: "five", flip: true },
  scales: { scales: [1, 1.125, 1.25] },
} as const satisfies Record<string, TestTimeAugmentation>;

export type TestTimeName = keyof typeof named;

const defaults: Required<TestTimeAugmentation> = { flip: false, crops: "center", scales: [1], average: "probabilities" };
/** How much larger than the crop an image is where corners are cut out: 256 to 224, ImageNet's usual. */
const room = 8 / 7;
/** Most views of an image. */
const mostViews = 1000;
/** Most bytes of decoded images that are kept between views of a chunk of images; what does not fit is decoded again. */
const mostDecoded = 2 ** 28;

/** All options with their defaults. @throws {ArgumentError} naming the option */
function checked(tta: TestTimeName | TestTimeAugmentation): Required<TestTimeAugmentation> {
  if (typeof tta === "string" && !Object.hasOwn(named, tta)) {
    throw new ArgumentError(`tta: expected ${Object.keys(named).join(", ")} or { ${Object.keys(defaults).join(", ")} }, got "${tta}"`);
  }
  const given = typeof tta === "string" ? named[tta] : tta;
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaults, name));
  if (unknown) throw new ArgumentError(`tta: expected the options ${Object.keys(defaults).join(", ")}, got ${unknown}`);
  const whole = { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
  checkFlag("tta: flip", whole.flip);
  checkChoice("tta: crops", whole.crops, ["center", "five"]);
  checkChoice("tta: average", whole.average, ["probabilities", "logits"]);
  if (!Array.isArray(whole.scales) || whole.scales.length === 0)
    throw new ArgumentError(`tta: scales: expected a list of numbers, got ${JSON.stringify(whole.scales)}`);
  for (const scale of whole.scales) checkNumber("tta: scales", scale, { above: 0 });
  if (whole.scales.length * 10 > mostViews) throw new ArgumentError(`tta: scales: expected at most ${mostViews / 10}, got ${whole.scales.length}`);
  return whole;
}

/** The pipeline of each view. @throws {ArgumentError} for a scale that makes images smaller than the crop */
export function pipelinesOf(preprocessing: Preprocessing, { scales, crops, flip }: Required<TestTimeAugmentation>): Pipeline[] {
  const crop = sizePair(preprocessing.crop);
  const isTight = (resize: NonNullable<Preprocessing["resize"]>) =>
    typeof resize === "number" ? resize <= Math.max(...crop) : resize.every((side, axis) => side <= crop[axis]);
  const resizeAt = (scale: number): Preprocessing["resize"] => {
    const { resize } = preprocessing;
    if (resize === null) {
      if (scale !== 1) throw new ArgumentError(`tta: scales: expected [1] where the preprocessing resizes nothing, got ${scale}`);
      return null;
    }
    const factor = crops === "five" && isTight(resize) ? scale * room : scale;
    if (factor === 1) return resize;
    const sides = [resize].flat().map((side) => Math.round(side * factor));
    const least = typeof resize === "number" ? [Math.max(...crop)] : crop;
    if (sides.some((side, i) => side < least[i])) {
      throw new ArgumentError(`tta: scales: ${scale} would resize to ${sides.join("x")} pixels, expected at least the crop's ${least.join("x")}`);
    }
    return typeof resize === "number" ? sides[0] : [sides[0], sides[1]];
  };
  const corners =
    crops === "five" ? (["top", "bottom"] as const).flatMap((vertical) => (["left", "right"] as const).map((horizontal) => ({ vertical, horizontal }))) : [];
  return scales.flatMap((scale) => {
    const center = evaluationTransforms({ ...preprocessing, resize: resizeAt(scale) });
    const places = [center, ...corners.map((corner) => center.with(-2, CornerCrop(preprocessing.crop, corner)))];
    return flip ? places.flatMap((place) => [place, place.toSpliced(-1, 0, RandomHorizontalFlip({ p: 1 }))]) : places;
  });
}

/** What a computation over views needs. */
export interface Views {
  readonly pipelines: readonly Pipeline[];
  readonly average: Required<TestTimeAugmentation>["average"];
  /** Of every image: nothing that a view does is left to chance. */
  readonly draws: Draws;
  /** Where the decoded images of the chunk that is in work are kept, and the position there of each: a new place for a first view. */
  decodedOf(view: number, images: number): { readonly images: DecodedImages; readonly positions: ArrayLike<number> };
}

/** The views that a model sees of each image. @throws {ArgumentError} naming the option */
export async function viewsOf(tta: TestTimeName | TestTimeAugmentation, { preprocessing, inline }: Model): Promise<Views> {
  const options = checked(tta);
  const shared = !inline && (await host()).sharedMemory;
  let images: DecodedImages;
  return {
    pipelines: pipelinesOf(preprocessing, options),
    average: options.average,
    draws: { seed: 0, stream: [] },
    decodedOf(view, count) {
      const positions = Array.from({ length: count }, (_, i) => i);
      if (view === 0) images = new ImageCache(Math.min(mostDecoded, limits.imageCacheBytes), shared).of(createDataset([], new Array(count)));
      return { images, positions };
    },
  };
}

/** Takes the rows of each image's views, in any order, and gives `take` their average as logits once all are there. */
export function averaging({ pipelines, average }: Views, take: TakeRow): TakeRow {
  const waiting = new Map<number, Float32Array[]>();
  return (row, item, index) => {
    const rows = [...(waiting.get(index) ?? []), row];
    if (rows.length < pipelines.length) waiting.set(index, rows);
    else {
      waiting.delete(index);
      take(average === "logits" ? meanOf(rows) : logMeanOf(rows), item, index);
    }
  };
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
}

/** Logarithms of the mean of the rows' softmax: their own softmax is that mean. */
function logMeanOf(rows: readonly Float32Array[]): Float32Array {
  const shifted = rows.map((row) => {
    const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const sum = top + log(row.reduce((total, value) => total + exp(value - top), 0));
    return Float64Array.from(row, (value) => value - sum);
  });
  return rows[0].map((_, i) => {
    const top = shifted.reduce((most, row) => Math.max(most, row[i]), -Infinity);
    return top + log(shifted.reduce((total, row) => total + exp(row[i] - top), 0) / rows.length);
  });
}
