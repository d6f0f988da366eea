import { fromBase64, toBase64 } from "../core/base64.js";
import { ArgumentError, FormatError } from "../core/errors.js";
import { exp, log } from "../core/math.js";

/** What a model learnt about its own scores from images that it did not learn from; plain data, kept in its file. Made by `calibrate` of `ocelli/vision`. */
export interface Calibration {
  /** What logits are divided by before softmax (Guo et al. 2017). */
  readonly temperature: number;
  /** Share of the calibration images that are recognised as of the classes. */
  readonly truePositiveRate: number;
  /** Numbers of an embedding. */
  readonly dimensions: number;
  /** Mean embedding, and the mean of each class less that, of length 1 (zeros for a class without images): float32 [1 + classes, dimensions], base64. */
  readonly prototypes: string;
  /** Mean and standard deviation of the free energy and of the distance, by which the two are made comparable. */
  readonly energy: readonly [mean: number, deviation: number];
  readonly distance: readonly [mean: number, deviation: number];
  /** How odd the calibration images are, ascending: at most 1,000 of them, evenly picked. */
  readonly oddness: readonly number[];
}

/** -log(sum(exp(logits))): high where no class is likely (Liu et al. 2020, "Energy-based out-of-distribution detection"). */
export function freeEnergy(logits: ArrayLike<number>): number {
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) top = Math.max(top, logits[i]);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += exp(logits[i] - top);
  return -top - log(sum);
}

/** The prototypes as numbers. @throws {FormatError} for others than the calibration says */
export function prototypesOf({ prototypes, dimensions }: Calibration, classes: number, file = "model"): Float32Array {
  const bytes = fromBase64(prototypes);
  const expected = 4 * dimensions * (1 + classes);
  if (bytes?.length !== expected) throw new FormatError(`calibration: expected prototypes of ${expected} bytes, got ${bytes?.length ?? "no base64"} (${file})`);
  return new Float32Array(bytes.buffer);
}

export const packed = (prototypes: Float32Array): string => toBase64(new Uint8Array(prototypes.buffer, prototypes.byteOffset, prototypes.byteLength));

/** 1 - the cosine between an embedding less the center and the nearest prototype, 0 to 2. */
export function nearestDistance(embedding: Float32Array, prototypes: Float32Array): number {
  const size = embedding.length;
  let square = 0;
  for (let i = 0; i < size; i++) square += (embedding[i] - prototypes[i]) * (embedding[i] - prototypes[i]);
  let best = -1;
  for (let start = size; start < prototypes.length; start += size) {
    let dot = 0;
    for (let i = 0; i < size; i++) dot += (embedding[i] - prototypes[i]) * prototypes[start + i];
    best = Math.max(best, square > 0 ? dot / Math.sqrt(square) : 0);
  }
  return 1 - best;
}

/** How unlike the classes an image is: its free energy and its distance, each in standard deviations above their means, added. */
export function oddnessOf({ energy, distance }: Pick<Calibration, "energy" | "distance">, ofEnergy: number, ofDistance: number): number {
  return (ofEnergy - energy[0]) / energy[1] + (ofDistance - distance[0]) / distance[1];
}

/**
 * The share of calibration images that are at least as odd, the image itself counted among them: for images like those it is uniform between
 * 0 and 1 (a conformal p-value: Bates et al. 2023, "Testing for outliers with conformal p-values").
 */
export function familiarityOf({ oddness }: Calibration, odd: number): number {
  let [low, high] = [0, oddness.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (oddness[middle] < odd) low = middle + 1;
    else high = middle;
  }
  return (1 + oddness.length - low) / (1 + oddness.length);
}

/** What a file says. @throws {FormatError} where it is none for so many classes */
export function checkedCalibration(value: unknown, classes: number, file: string): Calibration {
  if (!isCalibration(value)) throw new FormatError(`load: metadata "ocelli.calibration" has an unexpected form (${file})`);
  prototypesOf(value, classes, file);
  return value;
}

function isCalibration(value: unknown): value is Calibration {
  const { temperature, truePositiveRate, dimensions, prototypes, energy, distance, oddness } = (value ?? {}) as Calibration;
  const isNumber = (number: unknown) => typeof number === "number" && Number.isFinite(number);
  const isScale = (pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every(isNumber) && pair[1] > 0;
  return (
    isNumber(temperature) &&
    temperature > 0 &&
    truePositiveRate > 0 &&
    truePositiveRate < 1 &&
    Number.isInteger(dimensions) &&
    dimensions > 0 &&
    typeof prototypes === "string" &&
    isScale(energy) &&
    isScale(distance) &&
    Array.isArray(oddness) &&
    oddness.length > 0 &&
    oddness.every((odd, i) => isNumber(odd) && (i === 0 || oddness[i - 1] <= odd))
  );
}

/** @throws {ArgumentError} for a model that is not calibrated */
export function calibrated(calibration: Calibration | undefined): Calibration {
  if (calibration) return calibration;
  throw new ArgumentError("recognize: the model is not calibrated; calibrate(model, validation) of ocelli/vision does that");
}
