import { ArgumentError } from "../../core/errors.js";
import { giveWay } from "../../core/slices.js";
import { checkDataset, type Dataset, type Item } from "../../data/dataset.js";
import type { ImageSource } from "../../data/image.js";
import type { CallOptions } from "../../model/call-options.js";
import { type Calibration, freeEnergy, nearestDistance, oddnessOf, packed } from "../../model/calibration.js";
import { EvaluationBuilder } from "../../model/metrics.js";
import type { Model } from "../../model/model.js";
import { logitsAndEmbedding, type Recognition, recognizeAll } from "../../model/recognize.js";
import { fitTemperature } from "./temperature.js";

export type { Calibration, Recognition };

export interface CalibrateOptions extends CallOptions {
  /** Share of images of the classes that shall be recognised as such, between 0 and 1; default 0.95. The others count as "none of these". */
  readonly truePositiveRate?: number;
  /**
   * Images of the classes, also those that the model learnt from, to which the others' distances are measured. Default the images to calibrate on,
   * each compared with the others; where there are few of those, and with few classes, that says little.
   */
  readonly examples?: Dataset;
  /** Told the images done so far, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Log loss in nats and expected calibration error, of scores as they were and as they are. */
export interface CalibrationReport {
  readonly temperature: number;
  readonly images: number;
  readonly before: { readonly loss: number; readonly ece: number };
  readonly after: { readonly loss: number; readonly ece: number };
}

const mostKept = 1000;

interface Seen {
  readonly logits: Float32Array;
  readonly embedding: Float32Array;
  readonly label: number;
}

/**
 * Makes a model's scores match how often it is right, by a temperature, and lets it tell images of none of its classes: by how unlikely it finds
 * all of them, and how far the image's embedding is from that of each class. Sets `model.calibration`, which `classify` and `recognize` use and
 * `save` and `quantize` keep; training, setting parameters and new heads drop it.
 *
 * @param data images of the classes that the model did not learn from, best some hundred
 * @throws {ArgumentError} for a rate that is none, fewer than two images, or a class that the model does not know
 */
export async function calibrate(
  model: Model,
  data: Dataset,
  { truePositiveRate = 0.95, examples, signal, onProgress }: CalibrateOptions = {},
): Promise<CalibrationReport> {
  if (!(truePositiveRate > 0 && truePositiveRate < 1))
    throw new ArgumentError(`calibrate: truePositiveRate expected a number between 0 and 1, got ${truePositiveRate}`);
  checkDataset("calibrate", data);
  if (examples !== undefined) checkDataset("calibrate: examples", examples);
  if (data.length < 2) throw new ArgumentError(`calibrate: expected images, got ${data.length}`);
  if (examples?.length === 0) throw new ArgumentError("calibrate: examples expected images, got 0");
  const total = data.length + (examples?.length ?? 0);
  const seen = await look(model, data, { signal, onProgress: (done) => onProgress?.(done, total) });
  const others = examples && (await look(model, examples, { signal, onProgress: (done) => onProgress?.(data.length + done, total) }));

  const temperature = await fitTemperature(seen, signal);
  const { prototypes, sums } = prototypesFrom(others ?? seen, model.labels.length);
  const energies = seen.map(({ logits }) => freeEnergy(logits));
  const distances: number[] = [];
  for (const image of seen) {
    distances.push(others ? nearestDistance(image.embedding, prototypes) : distanceWithout(image, prototypes, sums));
    await giveWay(signal);
  }
  const scales = { energy: spreadOf(energies), distance: spreadOf(distances) };
  const oddness = seen.map((_, i) => oddnessOf(scales, energies[i], distances[i])).sort((a, b) => a - b);
  const calibration: Calibration = {
    temperature,
    truePositiveRate,
    dimensions: seen[0].embedding.length,
    prototypes: packed(prototypes),
    ...scales,
    oddness: oddness.length <= mostKept ? oddness : Array.from({ length: mostKept }, (_, i) => oddness[Math.floor(((i + 0.5) * oddness.length) / mostKept)]),
  };
  model.calibration = calibration;
  return { temperature, images: seen.length, before: figures(model.labels, seen, 1), after: figures(model.labels, seen, temperature) };
}

/** What a model makes of images whose classes are known. @throws {ArgumentError} for a class that it does not know */
async function look(model: Model, data: Dataset, options: CallOptions & { readonly onProgress: (done: number) => void }): Promise<Seen[]> {
  const known = model.labelIndices(data.classes);
  const classes = model.labels.length;
  const seen: Seen[] = [];
  const take = (row: Float32Array, { label }: Item) => seen.push({ logits: row.slice(0, classes), embedding: row.slice(classes), label: known[label] });
  await model.computeEach(logitsAndEmbedding, data, take, options);
  return seen;
}

/** What a calibrated model makes of one image, or of each of several. @throws {ArgumentError} for a model that is not calibrated */
export async function recognize(model: Model, image: ImageSource, options?: CallOptions): Promise<Recognition>;
export async function recognize(model: Model, images: readonly ImageSource[], options?: CallOptions): Promise<Recognition[]>;
export async function recognize(model: Model, images: ImageSource | readonly ImageSource[], options: CallOptions = {}): Promise<Recognition | Recognition[]> {
  if (Array.isArray(images)) return recognizeAll(model, images, options);
  return (await recognizeAll(model, [images as ImageSource], options))[0];
}

/** The mean embedding and each class' mean less that, of length 1: [1 + classes, D]; and the classes' sums. */
function prototypesFrom(seen: readonly Seen[], classes: number): { prototypes: Float32Array; sums: Float64Array[] } {
  const size = seen[0].embedding.length;
  const prototypes = new Float32Array((1 + classes) * size);
  const center = new Float64Array(size);
  for (const { embedding } of seen) embedding.forEach((value, i) => (center[i] += value / seen.length));
  prototypes.set(center);
  const sums = Array.from({ length: classes }, () => new Float64Array(size));
  for (const { embedding, label } of seen) embedding.forEach((value, i) => (sums[label][i] += value - prototypes[i]));
  sums.forEach((sum, label) => prototypes.set(unit(sum), (1 + label) * size));
  return { prototypes, sums };
}

/** An image's distance to the nearest prototype, to that of its own class as it would be without the image. */
function distanceWithout({ embedding, label }: Seen, prototypes: Float32Array, sums: readonly Float64Array[]): number {
  const others = prototypes.slice();
  others.set(unit(sums[label].map((value, i) => value - (embedding[i] - prototypes[i]))), (1 + label) * embedding.length);
  return nearestDistance(embedding, others);
}

function unit(values: Float64Array): Float64Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return length > 1e-6 ? values.map((value) => value / length) : values.map(() => 0);
}

/** Mean and standard deviation, which is at least so much that it can divide. */
function spreadOf(values: readonly number[]): [mean: number, deviation: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length;
  return [mean, Math.max(1e-6, Math.sqrt(variance))];
}

function figures(labels: readonly string[], seen: readonly Seen[], temperature: number): { loss: number; ece: number } {
  const builder = new EvaluationBuilder(labels, { rocAuc: false });
  for (const { logits, label } of seen)
    builder.add(
      "",
      label,
      logits.map((value) => value / temperature),
    );
  const { loss, ece } = builder.finish();
  return { loss, ece };
}
