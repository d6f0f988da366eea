import { exp, log } from "../core/math.js";
import { argmax, softmaxRow } from "./logits.js";

export interface ClassMetrics {
  readonly label: string;
  /** Of the images called this class, the share that are; 0 where none were. */
  readonly precision: number;
  /** Of the images of this class, the share that were called so. */
  readonly recall: number;
  /** Harmonic mean of the two. */
  readonly f1: number;
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
}

export interface Evaluation {
  /** Share of images whose best class is the right one, and whose five best have it. */
  readonly accuracy: number;
  readonly top5: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
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
  private lossSum = 0;
  private inTop5 = 0;

  constructor(private readonly labels: readonly string[]) {
    this.confusion = labels.map(() => new Array<number>(labels.length).fill(0));
  }

  add(id: string, label: number, logits: Float32Array): void {
    const scores = softmaxRow(logits);
    const predicted = argmax(logits);
    this.predictions.push({ id, label, predicted, score: scores[predicted], labelScore: scores[label] });
    this.confusion[label][predicted]++;
    this.lossSum += logSumExp(logits) - logits[label];
    let above = 0;
    for (const value of logits) if (value > logits[label]) above++;
    if (above < 5) this.inTop5++;
  }

  finish(): Evaluation {
    const count = Math.max(1, this.predictions.length);
    const classes = this.labels.map((label, index) => {
      const right = this.confusion[index][index];
      const support = this.confusion[index].reduce((sum, n) => sum + n, 0);
      const called = this.confusion.reduce((sum, row) => sum + row[index], 0);
      const precision = called ? right / called : 0;
      const recall = support ? right / support : 0;
      return { label, precision, recall, f1: precision + recall ? (2 * precision * recall) / (precision + recall) : 0, support };
    });
    const right = this.confusion.reduce((sum, row, index) => sum + row[index], 0);
    return {
      accuracy: right / count,
      top5: this.inTop5 / count,
      loss: this.lossSum / count,
      classes,
      confusion: this.confusion,
      predictions: this.predictions,
    };
  }
}
