import { ArgumentError, QuantizationError } from "../core/errors.js";
import { checkDataset, type Dataset, itemsAt } from "../data/dataset.js";
import type { ImageSource } from "../data/image.js";
import { Session } from "../runtime/session.js";
import type { Sample } from "./calibrate.js";
import { argmax } from "./logits.js";
import { Model } from "./model.js";
import { fileTensors } from "./save.js";

/** What quantising did, against the float32 model. */
export interface QuantizationReport {
  /** Of the weights in a file. */
  readonly bytes: { readonly float32: number; readonly int8: number };
  /** Of one image, median, in the model's build and threads. */
  readonly milliseconds: { readonly float32: number; readonly int8: number };
  /** Top-1 on the validation images, where some were given. */
  readonly accuracy?: { readonly float32: number; readonly int8: number };
  /** Share of the calibration images (of the validation images, where given) for which both models give the same class. */
  readonly agreement: number;
  readonly calibrationImages: number;
}

export interface QuantizeOptions {
  /** Labelled images to measure on. Default: the calibration images, whose labels are not used. */
  readonly validation?: Dataset;
  /**
   * Largest loss to accept: of top-1 accuracy on `validation` (default 0.01), or without it the share of calibration
   * images that may get another class (default 0.05).
   */
  readonly maxLoss?: number;
  /** Images to calibrate on, evenly spaced over the data where that has more; default 200. */
  readonly images?: number;
  /** Takes the report; default prints it. */
  readonly onReport?: (report: QuantizationReport) => void;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * A copy of a model with int8 weights and 7-bit activations: about a quarter of the size and two to four times as fast in
 * the `relaxed` build. It classifies, embeds, evaluates and saves like any model, and cannot be trained. Batch norms are folded; the ranges
 * of the activations are those with the least squared error over the calibration images. What `calibrate` of `ocelli/vision` found of the
 * model's scores holds for the copy, whose logits and embeddings are near; to do it anew, calibrate the copy.
 *
 * @param calibration a hundred or more images of the kind that the model is for; never those it is measured on
 * @throws {QuantizationError} when more than `maxLoss` is lost, with the figures; {ArgumentError} for a quantised model or no images
 */
export async function quantize(model: Model, calibration: Dataset | readonly ImageSource[], options: QuantizeOptions = {}): Promise<Model> {
  const { validation, images = 200, onReport = print, signal } = options;
  const maxLoss = options.maxLoss ?? (validation ? 0.01 : 0.05);
  if (model.facts.quantized) throw new ArgumentError("quantize: the model is quantised already");
  if (!(Number.isInteger(images) && images >= 1)) throw new ArgumentError(`quantize: images expected a whole number of 1 or more, got ${images}`);
  if (!(maxLoss >= 0)) throw new ArgumentError(`quantize: maxLoss expected a number of 0 or more, got ${maxLoss}`);
  if (!Array.isArray(calibration)) checkDataset("quantize", calibration);
  if (validation !== undefined) checkDataset("quantize: validation", validation);
  const sources = await evenlySpaced(calibration, images, signal);
  if (sources.length === 0) throw new ArgumentError("quantize: expected at least one calibration image, got none");

  // What only quantised models need is a file of its own in the package, loaded here and with such a model.
  const [{ calibrate }, { quantizedBy }] = await Promise.all([import("./calibrate.js"), import("./quantized.js")]);
  const { activations, tensors, sample } = await calibrate(model, sources, options);
  const { build, threads, winograd } = model.session;
  const session = await Session.open({ build, threads, inline: model.inline, winograd });
  try {
    const quantized = new Model(session, { ...model.facts, quantized: quantizedBy(activations), identityNorms: undefined }, model.inline);
    const graph = quantized.graph({ batch: 1, height: sample.shape[1], width: sample.shape[2] }, "logits");
    await session.keepAll(graph);
    // What no layer on bytes has, such as norms that could not be folded and grouped convolutions, stays as it is.
    for (const name of graph.kept.keys()) await session.write(name, tensors.get(name) ?? (await model.session.read(name)));
    quantized.calibration = model.calibration;
    const report = {
      bytes: { float32: await bytesOf(model, signal), int8: await bytesOf(quantized, signal) },
      milliseconds: await speeds(model, quantized, sample, signal),
      ...(await compare(model, quantized, validation, sources, signal)),
      calibrationImages: sources.length,
    };
    onReport(report);
    const loss = report.accuracy ? report.accuracy.float32 - report.accuracy.int8 : 1 - report.agreement;
    if (loss > maxLoss) throw new QuantizationError(refusal(report, loss, maxLoss));
    return quantized;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** Items of the data, at most `count`, evenly spaced. */
async function evenlySpaced(data: Dataset | readonly ImageSource[], count: number, signal: AbortSignal | undefined): Promise<ImageSource[]> {
  const kept = Math.min(count, data.length);
  const indices = Array.from({ length: kept }, (_, i) => Math.floor((i * data.length) / kept));
  return "item" in data ? (await itemsAt(data, indices, signal)).map(({ image }) => image) : indices.map((i) => data[i]);
}

/** Top-1 of both models on labelled images, or how often they agree on others. */
async function compare(
  model: Model,
  quantized: Model,
  validation: Dataset | undefined,
  sources: readonly ImageSource[],
  signal: AbortSignal | undefined,
): Promise<Pick<QuantizationReport, "accuracy" | "agreement">> {
  const share = (a: readonly number[], b: readonly number[]) => a.filter((value, i) => value === b[i]).length / Math.max(a.length, 1);
  if (validation) {
    const [float, int8] = [await model.evaluate(validation, { signal, rocAuc: false }), await quantized.evaluate(validation, { signal, rocAuc: false })];
    const [first, second] = [float, int8].map(({ predictions }) => predictions.map(({ predicted }) => predicted));
    return { accuracy: { float32: float.accuracy, int8: int8.accuracy }, agreement: share(first, second) };
  }
  const best = async (of: Model) => (await of.compute("logits", sources, { signal })).map(argmax);
  return { agreement: share(await best(model), await best(quantized)) };
}

/** Median times of both models on one image, taking turns. */
async function speeds(model: Model, quantized: Model, sample: Sample, signal?: AbortSignal): Promise<QuantizationReport["milliseconds"]> {
  const times = { float32: [] as number[], int8: [] as number[] };
  for (let round = -2; round < 11; round++) {
    for (const [key, of] of [
      ["float32", model],
      ["int8", quantized],
    ] as const) {
      const start = performance.now();
      await of.forward(sample, { signal });
      if (round >= 0) times[key].push(performance.now() - start);
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  return { float32: median(times.float32), int8: median(times.int8) };
}

async function bytesOf(model: Model, signal?: AbortSignal): Promise<number> {
  return (await fileTensors(model, { signal })).reduce((sum, { data }) => sum + data.byteLength, 0);
}

function print(report: QuantizationReport): void {
  for (const line of reportLines(report)) console.log(line);
}

/** A report in three lines: size, speed, accuracy. */
export function reportLines({ bytes, milliseconds, accuracy, agreement, calibrationImages }: QuantizationReport): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const times = (ratio: number) => ratio.toFixed(2);
  return [
    `size      ${(bytes.float32 / 1e6).toFixed(1)} MB -> ${(bytes.int8 / 1e6).toFixed(1)} MB, ${times(bytes.float32 / bytes.int8)} times smaller`,
    `speed     ${milliseconds.float32.toFixed(2)} ms -> ${milliseconds.int8.toFixed(2)} ms an image, ${times(milliseconds.float32 / milliseconds.int8)} times as fast`,
    accuracy
      ? `accuracy  ${percent(accuracy.float32)} -> ${percent(accuracy.int8)}, same class for ${percent(agreement)}`
      : `accuracy  same class for ${percent(agreement)} of ${calibrationImages} calibration images`,
  ];
}

function refusal({ accuracy, agreement, calibrationImages }: QuantizationReport, loss: number, maxLoss: number): string {
  const lost = accuracy
    ? `top-1 accuracy falls from ${accuracy.float32} to ${accuracy.int8}`
    : `${calibrationImages - Math.round(agreement * calibrationImages)} of ${calibrationImages} calibration images get another class`;
  return `quantize: ${lost}, a loss of ${loss.toFixed(4)}, more than maxLoss ${maxLoss}; calibrate on more images of the kind that the model is for, or accept more`;
}
