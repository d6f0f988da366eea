import { ArgumentError } from "../core/errors.js";
import { sizeOf } from "../core/shape.js";
import type { Slices } from "../core/slices.js";
import { inferenceGraph } from "../model/graphs.js";
import type { Model } from "../model/model.js";

/**
 * How a head of one linear layer learns alone: as a multinomial logistic regression with a penalty on the squared weights, by stochastic
 * gradient descent with momentum. There is one best head, and a phase comes as near to it as it has steps.
 */
export interface Regression {
  /** Weight of the penalty for features of unit variance, 0 to 1000; for others it counts times their variance. */
  readonly penalty: number;
  /** Of each image: as it is measured, and so many less one as training images vary; 1 to 64. An epoch takes one of each image, by chance. */
  readonly views: number;
}

/** By what such a phase's steps are made, whatever the trainer's own optimiser is. */
export const regressionRule = ({ penalty }: Regression) => ({ optimizer: "sgd", momentum: 0.9, nesterov: false, weightDecay: penalty }) as const;

/** Most views of an image. */
export const mostViews = 64;

/** @throws {ArgumentError} naming the phase */
export function checkRegression(name: string, { penalty, views }: Regression): void {
  if (!(penalty >= 0 && penalty <= 1000)) throw new ArgumentError(`train: ${name}: regression: penalty expected a number from 0 to 1000, got ${penalty}`);
  if (!(Number.isInteger(views) && views >= 1 && views <= mostViews))
    throw new ArgumentError(`train: ${name}: regression: views expected a whole number from 1 to ${mostViews}, got ${views}`);
}

/** Whether a model's head is one linear layer on all that the backbone gives. */
export function hasLinearHead({ architecture, labels, imageSize: [height, width] }: Model): boolean {
  const of = (result: "features" | "logits") => inferenceGraph(architecture, labels.length, { batch: 1, height, width }, result);
  const [backbone, whole] = [of("features"), of("logits")];
  const head = [...whole.kept.values()].filter(({ name }) => !backbone.kept.has(name));
  const weights = head.filter(({ shape }) => sizeOf(shape) === labels.length * sizeOf(backbone.outputs.get("features")?.shape ?? []));
  const biases = head.filter((value) => !weights.includes(value));
  return weights.length === 1 && biases.length <= 1 && biases.every(({ shape }) => sizeOf(shape) === labels.length);
}

/** Rows that are measured at most, spread over all. */
const mostRows = 1000;
/** Of the power method: within a few per cent of the largest eigenvalue, which is far from the second of features that are not negative. */
const iterations = 12;

/** What penalty and learning rates are in proportion to, for the same course on features of any size. */
export interface Scale {
  /** Mean variance of the features. */
  readonly variance: number;
  /**
   * Inverse of the loss' greatest curvature: half the largest eigenvalue of the second moments bounds that of a softmax's cross-entropy. The
   * features' is greater by at most `square` with one more that is constant.
   */
  readonly rate: number;
  /** Mean square of the features: the bias learns as if its own, which is always 1, were of their size. */
  readonly square: number;
}

/** Where there is no regression. */
export const unscaled: Scale = { variance: 1, rate: 1, square: 1 };

/** @param features of the images that a regression learns from */
export function* scaleOf(features: readonly Float32Array[]): Slices<Scale> {
  const stride = Math.ceil(features.length / mostRows);
  const rows = features.filter((_, i) => i % stride === 0);
  const mean = new Float64Array(rows[0].length);
  for (const row of rows) for (let i = 0; i < mean.length; i++) mean[i] += row[i] / rows.length;
  yield;
  let [spread, squares] = [0, 0];
  for (const row of rows) {
    for (let i = 0; i < mean.length; i++) {
      spread += square(row[i] - mean[i]);
      squares += square(row[i]);
    }
  }
  let direction = new Float64Array(mean.length).fill(1);
  let largest = 0;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const length = lengthOf(direction);
    const next = new Float64Array(mean.length);
    for (const row of rows) {
      let along = 0;
      for (let i = 0; i < row.length; i++) along += row[i] * direction[i];
      along /= length * rows.length;
      for (let i = 0; i < row.length; i++) next[i] += along * row[i];
    }
    direction = next;
    largest = lengthOf(direction);
    if (largest === 0) break;
    yield;
  }
  const count = rows.length * mean.length;
  return largest > 0 ? { variance: spread / count, rate: 2 / (largest + squares / count), square: squares / count } : { ...unscaled, variance: 0 };
}

const square = (x: number) => x * x;
const lengthOf = (x: Float64Array) => Math.sqrt(x.reduce((sum, value) => sum + square(value), 0));
