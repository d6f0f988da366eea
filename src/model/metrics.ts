import { exp, log } from "../core/math.js";
import { calibrationBins, calibrationError } from "./calibration-error.js";
import { argmax, softmaxRow } from "./logits.js";
import { areaUnderRoc } from "./roc.js";
import { topKAccuracy } from "./top-k-accuracy.js";

export interface ClassMetrics {
  readonly label: string;
  /** Of the images called this class, the share that are; 0 where none were. */
  readonly precision: number;
  /** Of the images of this class, the share that were called so. */
  readonly recall: number;
  /** Harmonic mean of the two. */
  readonly f1: number;
  /** Area under the ROC curve of this class against all others; absent where all images are of this class or none is, or none was asked for. */
  readonly rocAuc?: number;
  /** Images of this class. */
  readonly support: number;
}

export interface Prediction {
  readonly id: string;
  readonly label: number;
  readonly predicted: number;
  /** Softmax score of the predicted class, and of the right one. */
  readonly score: number;
  readonly labelScore: number;
  /** Place of the right class among all, best first, from 1. Classes of equal score take the better place. */
  readonly rank: number;
}

/** Means over the classes that have images, each class counting alike. @see sklearn.metrics `average="macro"` over those labels */
export interface MacroMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Of the classes that have one; absent where none has. */
  readonly rocAuc?: number;
}

export interface Evaluation {
  /** Share of images whose best class is the right one, and whose five best have it. For others see `topKAccuracy`. */
  readonly accuracy: number;
  readonly top5: number;
  /** Log loss: the mean cross-entropy in nats. @see sklearn.metrics.log_loss */
  readonly loss: number;
  /**
   * Expected calibration error: how far the score of the predicted class lies from the share of images it is right for, over 15 equal
   * ranges of scores. @see Guo et al. 2017, "On calibration of modern neural networks", equation 3
   */
  readonly ece: number;
  readonly macro: MacroMetrics;
  readonly classes: readonly ClassMetrics[];
  /** `confusion[label][predicted]` counts images. */
  readonly confusion: readonly (readonly number[])[];
  readonly predictions: readonly Prediction[];
}

/** log(sum(exp(logits))) in double precision, for logits of any size. */
function logSumExp(logits: Float32Array): number {
  let top = -Infinity;
  for (const value of logits) top = Math.max(top, value);
  return top + log(logits.reduce((sum, value) => sum + exp(value - top), 0));
}

/** Gathers one evaluation from rows of logits. */
export class EvaluationBuilder {
  private readonly predictions: Prediction[] = [];
  private readonly confusion: number[][];
  /** All images' scores, where areas under ROC curves are asked for. */
  private readonly scores?: Float64Array[];
  private lossSum = 0;

  /** @param options.rocAuc default true; keeps all scores until the end, 8 bytes for each class of each image */
  constructor(
    private readonly labels: readonly string[],
    { rocAuc = true }: { readonly rocAuc?: boolean } = {},
  ) {
    this.confusion = labels.map(() => new Array<number>(labels.length).fill(0));
    if (rocAuc) this.scores = [];
  }

  add(id: string, label: number, logits: Float32Array): void {
    const scores = softmaxRow(logits);
    const predicted = argmax(logits);
    let above = 0;
    for (const value of logits) if (value > logits[label]) above++;
    this.predictions.push({ id, label, predicted, score: scores[predicted], labelScore: scores[label], rank: above + 1 });
    this.confusion[label][predicted]++;
    this.lossSum += logSumExp(logits) - logits[label];
    this.scores?.push(scores);
  }

  finish(): Evaluation {
    const { predictions, confusion } = this;
    const count = Math.max(1, predictions.length);
    const classes = this.labels.map((label, index) => this.classMetrics(label, index));
    const seen = classes.filter(({ support }) => support > 0);
    const bins = calibrationBins(predictions.map(({ score, label, predicted }) => ({ score, isRight: label === predicted })));
    return {
      accuracy: confusion.reduce((sum, row, index) => sum + row[index], 0) / count,
      top5: topKAccuracy({ predictions }, 5),
      loss: this.lossSum / count,
      ece: calibrationError(bins),
      macro: {
        precision: mean(seen.map(({ precision }) => precision)) ?? 0,
        recall: mean(seen.map(({ recall }) => recall)) ?? 0,
        f1: mean(seen.map(({ f1 }) => f1)) ?? 0,
        rocAuc: mean(seen.flatMap(({ rocAuc }) => rocAuc ?? [])),
      },
      classes,
      confusion,
      predictions,
    };
  }

  private classMetrics(label: string, index: number): ClassMetrics {
    const { confusion, scores, predictions } = this;
    const right = confusion[index][index];
    const support = confusion[index].reduce((sum, n) => sum + n, 0);
    const called = confusion.reduce((sum, row) => sum + row[index], 0);
    const precision = called ? right / called : 0;
    const recall = support ? right / support : 0;
    const f1 = precision + recall ? (2 * precision * recall) / (precision + recall) : 0;
    const rocAuc =
      scores &&
      areaUnderRoc(
        Float64Array.from(scores, (row) => row[index]),
        predictions.map((prediction) => prediction.label === index),
      );
    return { label, precision, recall, f1, rocAuc, support };
  }
}

const mean = (values: readonly number[]) => (values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined);
